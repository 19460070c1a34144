"""Make every call of the client three in JSON, a report among them; prints JSON.

Told the service's address, a request's number, a service, a key, a place, and a picture in hexadecimal digits.
"""

# pyright: reportMissingImports=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false
# three stands in .venv-clients.

import io
import itertools
import json
import sys

itertools.ifilter = filter  # it was written for Python 2, and needs no more than this for 3
import three  # noqa: E402

address, no, code, key, lat, long, picture = sys.argv[1:]
client = three.Three(address, api_key=key)
place = {"lat": lat, "long": long}
told = {
    "discovery": client.discovery()["endpoints"][0]["url"],
    "services": [each["service_code"] for each in client.services()],
    "definition": client.services(code)["service_code"],
    "requests": [each["service_request_id"] for each in client.requests()],
    "page": [each["service_request_id"] for each in client.requests(count=1)],
    "between": [each["service_request_id"] for each in client.requests(code, between=["03-01-2026", "03-03-2026"])],
    "request": client.request(no)[0]["service_request_id"],
    "token": client.token("123"),
    "error": client.post("nothing", **place),
}
told["post"] = client.post(
    code,
    description="a heap",
    address="3 Mill Lane",
    name="Ming Wang",
    phone="555-5555",
    media=io.BytesIO(bytes.fromhex(picture)),
    **place,
)
sys.stdout.write(json.dumps(told) + "\n")
