#!lua flags=allow-oom
-- Keep a message that cannot be used as a dead letter.
-- KEYS  1 prefix
-- ARGV  1 reason  2 letter (JSON)  3 the letter with only the message's head, if 2 has the whole message
-- Returns the letter's id
local reason, letter, short = ARGV[1], ARGV[2], ARGV[3]
-- Messages leave half of the room to URLs, so a flood of messages cannot push out the letters of others.
if short and #short < #letter and letters_bytes() + #letter > MOST_LETTER_BYTES / 2 then letter = short end
return keep_letter('project', '', 'source', '', 'url', '', 'reason', reason, 'letter', letter)
