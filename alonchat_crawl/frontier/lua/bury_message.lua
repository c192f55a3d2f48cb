#!lua flags=allow-oom
-- Keep a dead letter of a message that cannot be used.
-- KEYS  1 prefix
-- ARGV  1 reason  2 letter (JSON)  3 if 2 holds the whole message: the letter with only the message's first bytes
-- Returns the letter's id
local reason, letter, short = ARGV[1], ARGV[2], ARGV[3]
-- Whole messages fill at most half of the room, so that a flood of messages cannot push out the letters of others.
if short and #short < #letter and letters_bytes() + #letter > MOST_LETTER_BYTES / 2 then letter = short end
return keep_letter('project', '', 'source', '', 'url', '', 'reason', reason, 'letter', letter)
