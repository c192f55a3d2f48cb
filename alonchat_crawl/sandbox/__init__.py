"""What strangers wrote is parsed here: in processes of little memory, little time and no way out.

`pool.Sandbox` is the worker's side, `child` the other; `tasks` names what may be run there.
"""
