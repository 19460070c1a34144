"""Open every collection in QGIS, without a screen; told the service's address and a box; prints JSON."""

# pyright: reportMissingImports=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false
# QGIS comes from Debian, for Debian's Python.

import json
import sys

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer

address, box, *names = sys.argv[1:]
QgsApplication.setPrefixPath("/usr", True)  # noqa: FBT003 - the signature is QGIS's
program = QgsApplication([], False)  # noqa: FBT003 - the same
program.initQgis()
told = {}
for name in names:
    source = f"typename='{name}' url='{address}' restrictToRequestBBOX='1' pageSize='1000'"
    layer = QgsVectorLayer(source, name, "OAPIF")
    within = QgsFeatureRequest(QgsRectangle(*json.loads(box)))
    told[name] = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "fields": {field.name(): field.typeName() for field in layer.fields()},
        # The box first: afterwards QGIS has all and asks nobody.
        "within": sorted(feature["code"] for feature in layer.getFeatures(within)),
        "codes": sorted(feature["code"] for feature in layer.getFeatures()),
    }
    del layer
program.exitQgis()
sys.stdout.write(json.dumps(told, default=str) + "\n")
