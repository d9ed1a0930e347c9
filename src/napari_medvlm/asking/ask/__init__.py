"""How it is asked: templates, options, settings of generation, the line of questions."""
