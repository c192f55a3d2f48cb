"""Parses what strangers wrote, in processes with little memory, little time and no way out.

`pool.Sandbox` is the worker's side, `child` the process's; `tasks` lists what may run there.
"""
