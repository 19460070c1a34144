"""Open311 GeoReport v2 over incidents, with mySociety's updates: what everybody may see of them, and reports from outside."""
