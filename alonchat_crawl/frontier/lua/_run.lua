-- Prepended to every transition, after _keys.lua: whose a source is.

-- Whether a source is in this run still. Ids of sources follow from public values; those of runs are random, and each
-- is of one tenant: who changes a source names its run, and so touches nobody else's.
local function is_run(source, crawl) return call('HGET', source_key(source), 'crawl') == crawl end
