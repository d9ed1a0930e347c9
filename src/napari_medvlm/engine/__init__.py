"""The life of a model: load, ask, stop, unload; the child process and its pipe."""
