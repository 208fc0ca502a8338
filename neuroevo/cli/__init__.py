"""The command line: it parses, calls the library, prints, and turns errors into exit codes.

`main` is the entry point and finds the commands, `options` makes a command's options from its
settings, `names` says which words stand for which objects; `bench`, `evolve`, `show` and
`listing` are the commands, each imported only when it is called.
"""
