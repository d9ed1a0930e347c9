"""A Question in, tokens and a Reply out: one module or folder for each family."""
