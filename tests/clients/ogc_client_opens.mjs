// Opens every collection with @camptocamp/ogc-client; told the service's address; prints JSON.

import { OgcApiEndpoint } from "@camptocamp/ogc-client";

const endpoint = new OgcApiEndpoint(process.argv[2]);
const told = { features: await endpoint.featureCollections, tiles: await endpoint.vectorTileCollections, collections: {} };
told.conformance = await endpoint.conformanceClasses;
told.has = [await endpoint.hasFeatures, await endpoint.hasTiles];
for (const { name } of await endpoint.allCollections) {
  const about = await endpoint.getCollectionInfo(name);
  const items = await endpoint.getCollectionItems(name, 3);
  const one = await endpoint.getCollectionItem(name, items[0].properties.code);
  const url = await endpoint.getCollectionItemsUrl(name, { limit: 2, outputCrs: "EPSG:4490", skipGeometry: true });
  const asked = await fetch(url);
  told.collections[name] = {
    id: about.id,
    crs: about.crs,
    queryables: about.queryables.map((each) => each.name),
    sortables: about.sortables.map((each) => each.name),
    codes: items.map((each) => each.properties.code),
    one: one.properties.code,
    url,
    status: asked.status,
    tiles: await endpoint.getVectorTilesetUrl(name, "WebMercatorQuad"),
  };
}
console.log(JSON.stringify(told));
