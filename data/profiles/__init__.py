"""The five places whose published accounts the service is measured by, as data: their tiers, rules, words and figures."""
