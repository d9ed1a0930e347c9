"""Phantoms with known truth, the sample data made of them, and the toy model."""
