"""Steps from one version of the schema to the next; `egide.db.versions` applies them."""
