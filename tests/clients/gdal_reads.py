"""Read a layer with GDAL and print what was read as JSON; told the service's address, the layer, and what GDAL is asked."""

import json
import sys

import pyogrio

address, layer, asked = sys.argv[1:]
wanted = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(asked).items()}
frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer=layer, **wanted)
layers = [name for name, _ in pyogrio.list_layers(f"OAPIF:{address}")] if not wanted else []
told = {
    "layers": layers,
    "crs": frame.crs.to_string(),
    "types": {name: str(kind) for name, kind in frame.dtypes.items()},
    "codes": frame["code"].tolist(),
    "bounds": frame.total_bounds.tolist(),
    "shapes": int(frame.geometry.notna().sum()),
}
sys.stdout.write(json.dumps(told) + "\n")
