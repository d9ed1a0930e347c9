"""How it is asked: task, words, options, settings of generation."""
