"""Parses untrusted input in confined processes with little memory and time.

`pool.Sandbox` is the worker's side, `child` the process's side; `tasks` lists what may run there.
"""
