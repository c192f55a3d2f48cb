#!lua flags=allow-oom
-- Keep a message that cannot be used as a dead letter.
-- KEYS  1 prefix
-- ARGV  1 reason  2 letter (JSON)  3 the letter with no more than the message's head, where the message is whole
-- Returns the letter's id
local reason, letter, short = ARGV[1], ARGV[2], ARGV[3]
-- Messages leave half of the room to URLs: no flood of them pushes others' letters out.
if short and #short < #letter and letters_bytes() + #letter > MOST_LETTER_BYTES / 2 then letter = short end
return keep_letter('project', '', 'source', '', 'url', '', 'reason', reason, 'letter', letter)
