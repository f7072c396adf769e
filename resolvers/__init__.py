"""How an answer is found: catalog, plan, loaders and connectors; knows entities and fields, no domain words."""
