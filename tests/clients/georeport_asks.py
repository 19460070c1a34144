"""Make every call of the client georeport; told an address, the form, a request's number and a service; prints JSON."""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
# georeport stands in .venv-clients.

import json
import sys

from georeport import GeoReport

address, form, no, code = sys.argv[1:]
client = GeoReport(address, output_format=form)


def listed(found):
    """Return a list; what reads XML makes none of one element."""
    return found if isinstance(found, list) else [found]


told = {
    "services": [each["service_code"] for each in listed(client.get_service_list())],
    "definition": client.get_service_definition(code)["service_code"],
    "all": [each["service_request_id"] for each in listed(client.get_service_requests())],
    "by_id": [each["service_request_id"] for each in listed(client.get_service_requests(service_request_id=no))],
    "by_service": [each["service_request_id"] for each in listed(client.get_service_requests(service_code=code))],
    "by_date": [
        each["service_request_id"]
        for each in listed(client.get_service_requests(start_date="2026-03-01T00:00:00Z", end_date="2026-03-03T00:00:00Z"))
    ],
    "by_status": [each["service_request_id"] for each in listed(client.get_service_requests(status="closed"))],
    "one": dict(client.get_service_request(no)),
}
sys.stdout.write(json.dumps(told) + "\n")
