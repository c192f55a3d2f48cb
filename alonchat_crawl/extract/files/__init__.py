"""Files of people to Markdown: pure functions over bytes, made to run in a process that may die.

Every file ends with text or with a GiveUp of a bounded reason; what a reader would not see is left out.
Office formats are read here and not by kreuzberg 4.10: measured, that hands on hidden runs, rows, columns,
sheets and slides, loses angle brackets and lists of a DOCX, and keeps four threads.
"""
