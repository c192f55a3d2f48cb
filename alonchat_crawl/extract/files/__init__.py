"""Turns users' files into Markdown: pure functions over bytes, run in a process that may be killed.

Each file ends as text or as a GiveUp with a reason. Text that nobody sees in the file is left out.
Office formats are read here and not by kreuzberg 4.10. Measured: it passes on hidden runs, rows, columns,
sheets and slides, loses angle brackets and the lists of a DOCX, and keeps four threads.
"""
