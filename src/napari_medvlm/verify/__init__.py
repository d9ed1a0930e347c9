"""Check this software against recorded values of the models' own reference pipelines."""
