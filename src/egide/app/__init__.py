"""The composition root: builds the parts, mounts the doors, runs them in processes.

Each process (`supervisor`, `worker`, `loader`, `reindexer`) is a module that imports no more than
it needs, and so does this one: most of a process's start is that.
"""
