-- Every statement of the crawler, once. A block is `-- name:`, one comment, the statement; parameters are psycopg's.
-- No statement may scan other projects' rows, whatever the planner believes: for a new database it has no statistics,
-- and later only averages over all tenants. So:
-- * check whether a row exists by a scalar subquery with `limit 1`: `exists` may become a join with a whole table;
-- * order that subquery by an index if most rows match;
-- * compare parameters with plain columns;
-- * materialize small sets first.

-- name: add_project
-- A seed may name a project that the web app has not created yet.
insert into public.projects (id, name) values (%(project_id)s, %(name)s) on conflict do nothing

-- name: delete_squatted_pages
-- Deletes pages that another project stored under a source id of this project.
delete from public.pages where id = any (array(
    select id from public.pages where source_id = %(source_id)s and project_id <> %(project_id)s limit 100))

-- name: evict_source
-- Deletes another project's source that took an id of this project.
delete from public.sources where id = %(source_id)s and project_id <> %(project_id)s

-- name: begin_source
-- Starts a run. Changes nothing if the run has begun already, or if the source is another project's.
insert into public.sources as s (id, project_id, kind, url, status, options, crawl_id, started_at)
values (%(source_id)s, %(project_id)s, %(kind)s, %(url)s, 'running', %(options)s, %(crawl_id)s, now())
on conflict (id) do update
set kind = excluded.kind, url = excluded.url, status = 'running', options = excluded.options,
    crawl_id = excluded.crawl_id, counts = '{}', error = '',
    same_scope = s.kind = excluded.kind
        and s.options - '{priority,uploads}'::text[] = excluded.options - '{priority,uploads}'::text[],
    started_at = now(), finished_at = null
where s.project_id = excluded.project_id and s.crawl_id is distinct from excluded.crawl_id

-- name: project_of_source
-- The project of a source.
select project_id from public.sources where id = %(source_id)s

-- name: projects_with_room
-- Projects with fewer running sources than they may have. Neither paused sources count nor uploads from a terminal's
-- disk, which no worker can end. Reads only the projects' own running sources, by idx_sources_running.
select u.id
from unnest(%(projects)s::uuid[]) as u (id)
where coalesce((select p.max_queue_size from public.projects p where p.id = u.id), %(most)s) > (
    select count(*) from public.sources s
    where s.project_id = u.id and s.status = 'running' and not s.options ? 'local')

-- name: finish_source
-- Ends a run, unless a newer one has begun. If asked, marks the pages that the run did not see as gone, but only if it
-- had the same scope as the run before. Files that an upload no longer names are always marked as gone.
with run as (
    select id, options->'uploads' as uploads
    from public.sources
    where id = %(source_id)s and crawl_id = %(crawl_id)s
), finished as (
    update public.sources
    set status = %(status)s, counts = %(counts)s, error = %(error)s, finished_at = coalesce(finished_at, now()),
        options = options - 'uploads'
    where id = %(source_id)s and crawl_id = %(crawl_id)s
    returning id, same_scope
), gone as (
    update public.pages p
    set gone_at = now()
    from finished f join run r on r.id = f.id
    where p.source_id = %(source_id)s and p.source_id = f.id and p.crawl_id <> %(crawl_id)s and p.gone_at is null
        and (
            (f.same_scope and %(unreached_are_gone)s)
            or (%(status)s <> 'cancelled' and r.uploads is not null and not exists (
                select from jsonb_array_elements_text(r.uploads) as u (url)
                where regexp_replace(u.url, '[?].*', '') = split_part(p.url, '#!/', 1))))
    returning p.id
)
select count(*) from gone

-- name: set_source_status
-- Notes that an operator paused or resumed a run. Changes nothing if it has ended or a newer one has begun.
update public.sources
set status = %(status)s
where id = %(source_id)s and crawl_id = %(crawl_id)s and finished_at is null

-- name: amend_source
-- Changes the limits of a run.
update public.sources
set options = options || %(options)s
where id = %(source_id)s and crawl_id = %(crawl_id)s and finished_at is null

-- name: reopen_source
-- Lets a run that has ended go on, because its dead letters were queued again. It will end again.
update public.sources
set status = 'running', error = '', finished_at = null
where id = %(source_id)s and crawl_id = %(crawl_id)s and finished_at is not null

-- name: fail_source
-- Ends a run that cannot go on, because its entry in the frontier or its row cannot be read.
update public.sources
set status = 'failed', error = %(error)s, finished_at = now()
where id = %(source_id)s and status in ('running', 'paused')

-- name: source_record
-- A source's row with its last run.
select s.id, s.project_id, p.name as project_name, s.crawl_id, s.kind, s.url, s.status, s.options, s.counts, s.error,
    s.started_at, s.finished_at
from public.sources s join public.projects p on p.id = s.project_id
where s.id = %(source_id)s

-- name: uploads_of_run
-- The files of a run, as its seed names them. Kept only while it runs, since a signed URL is a secret.
select options->'uploads' from public.sources where id = %(source_id)s and crawl_id = %(crawl_id)s

-- name: unfinished_sources
-- Sources whose runs have begun but not ended, without uploads from a terminal's disk, which only that terminal reads.
select s.id, s.project_id, p.name as project_name, s.crawl_id, s.kind, s.url, s.status, s.options, s.counts, s.error,
    s.started_at, s.finished_at
from public.sources s join public.projects p on p.id = s.project_id
where s.status in ('running', 'paused') and not s.options ? 'local'
order by s.started_at

-- name: mark_page_gone
-- The site says that the page is gone. Its chunks stay, unsearchable, in case it comes back.
update public.pages set gone_at = now()
where id = %(page_id)s and project_id = %(project_id)s and gone_at is null

-- name: touch_page
-- The same text under the same embedding: only notes that the page was fetched.
update public.pages
set crawl_id = %(crawl_id)s, fetched_at = %(fetched_at)s, read_at = %(fetched_at)s, extraction = %(extraction)s,
    etag = %(etag)s, last_modified = %(last_modified)s, links = %(links)s, gone_at = null
where id = %(page_id)s and content_sha256 = %(content_sha256)s and embedding_scheme = %(embedding_scheme)s

-- name: stored_by_crawl
-- Whether this run stored the page already.
select exists (select from public.pages where id = %(page_id)s and crawl_id = %(crawl_id)s)

-- name: known_chunks
-- Which of a page's chunks are embedded already: its own, which need not be written again, and equal chunks of the
-- project's other pages, with their vectors. At most 20 chunks with the same text are considered.
with scheme as materialized (
    select id from public.embedding_schemes where name = %(scheme)s
), own as materialized (
    select c.id, c.text_sha256, c.token_count
    from public.source_chunks c
    where c.page_id = %(page_id)s and c.id = any (%(ids)s)
), others as materialized (
    select one.id, k.text_sha256, one.token_count, s.id as scheme_id
    from (select distinct unnest(%(keys)s::bytea[])) as k (text_sha256)
        cross join scheme s
        cross join lateral (
            select few.id, few.token_count
            from (
                select c.id, c.token_count
                from public.source_chunks c
                where c.project_id = %(project_id)s and c.text_sha256 = k.text_sha256 and c.page_id <> %(page_id)s
                limit 20) few
            where (select true from public.chunk_embeddings e
                   where e.chunk_id = few.id and e.scheme_id = s.id limit 1)
            limit 1) one
)
select o.id, o.text_sha256, o.token_count, null::halfvec[] as vectors
from own o cross join scheme s
where (select true from public.chunk_embeddings e where e.chunk_id = o.id and e.scheme_id = s.id limit 1)
union all
select o.id, o.text_sha256, o.token_count,
    array(select e.embedding from public.chunk_embeddings e
          where e.chunk_id = o.id and e.scheme_id = o.scheme_id order by e.window_index)
from others o

-- name: add_scheme
-- Gives a scheme a number if it has none. Checks first, since each attempt to insert uses up a number.
insert into public.embedding_schemes (name)
select %(scheme)s where not exists (select from public.embedding_schemes where name = %(scheme)s)
on conflict do nothing

-- name: upsert_page
-- Also locks the row until the commit, so that workers that store the same page take turns.
insert into public.pages (id, project_id, source_id, url, title, description, language, content_type,
    published_at, modified_at, links, low_quality, removed, signals, content_sha256, embedding_scheme, etag,
    last_modified, crawl_id, fetched_at, read_at, extraction)
values (%(page_id)s, %(project_id)s, %(source_id)s, %(url)s, %(title)s, %(description)s, %(language)s,
    %(content_type)s, %(published_at)s, %(modified_at)s, %(links)s, %(low_quality)s, %(removed)s,
    %(signals)s, %(content_sha256)s, %(embedding_scheme)s, %(etag)s, %(last_modified)s, %(crawl_id)s, %(fetched_at)s,
    %(fetched_at)s, %(extraction)s)
on conflict (id) do update
set project_id = excluded.project_id, title = excluded.title, description = excluded.description,
    language = excluded.language, content_type = excluded.content_type, published_at = excluded.published_at,
    modified_at = excluded.modified_at, links = excluded.links, low_quality = excluded.low_quality,
    removed = excluded.removed, signals = excluded.signals, content_sha256 = excluded.content_sha256,
    embedding_scheme = excluded.embedding_scheme, etag = excluded.etag, last_modified = excluded.last_modified,
    crawl_id = excluded.crawl_id, fetched_at = excluded.fetched_at, read_at = excluded.read_at,
    extraction = excluded.extraction, gone_at = null

-- name: serve_first_scheme
-- A project is searched by the scheme of its first vectors.
update public.projects
set embedding_scheme_id = (select id from public.embedding_schemes where name = %(scheme)s)
where id = any (%(projects)s) and embedding_scheme_id is null

-- name: delete_chunks
-- Deletes chunks that the pages no longer have, with their windows.
delete from public.source_chunks where page_id = any (%(pages)s) and id <> all (%(ids)s)

-- name: move_chunks
-- Updates the places of unchanged chunks within their pages.
update public.source_chunks c
set position = u.position, start_char = u.start_char, end_char = u.end_char, content_type = u.content_type
from unnest(%(ids)s::uuid[], %(positions)s::integer[], %(starts)s::integer[], %(ends)s::integer[],
    %(content_types)s::text[]) as u (id, position, start_char, end_char, content_type)
where c.id = u.id

-- name: insert_chunks
-- A chunk that exists already only lacks this scheme's vectors, so its text is not written again.
insert into public.source_chunks (id, project_id, source_id, page_id, position, start_char, end_char, title,
    heading_path, content, content_type, token_count, text_sha256, sketch)
select id, project_id, source_id, page_id, position, start_char, end_char, title,
    string_to_array(headings, chr(31)), content, content_type, token_count, text_sha256, sketch
from unnest(%(ids)b::uuid[], %(projects)b::uuid[], %(sources)b::uuid[], %(pages)b::uuid[], %(positions)b::integer[],
    %(starts)b::integer[], %(ends)b::integer[], %(titles)b::text[], %(headings)b::text[], %(contents)b::text[],
    %(content_types)b::text[], %(tokens)b::integer[], %(keys)b::bytea[], %(sketches)b::bigint[])
    as u (id, project_id, source_id, page_id, position, start_char, end_char, title, headings, content,
          content_type, token_count, text_sha256, sketch)
on conflict (id) do update
set position = excluded.position, start_char = excluded.start_char, end_char = excluded.end_char,
    content_type = excluded.content_type

-- name: insert_embeddings
-- Binary arrays are as fast as a binary COPY (measured), and share a round trip with the other statements.
insert into public.chunk_embeddings (chunk_id, project_id, source_id, scheme_id, window_index, embedding)
select u.chunk_id, u.project_id, u.source_id, s.id, u.window_index, u.embedding
from unnest(%(chunks)b::uuid[], %(projects)b::uuid[], %(sources)b::uuid[], %(windows)b::integer[],
        %(vectors)b::halfvec[]) as u (chunk_id, project_id, source_id, window_index, embedding)
    cross join public.embedding_schemes s
where s.name = %(scheme)s
on conflict (chunk_id, scheme_id, window_index) do update set embedding = excluded.embedding

-- name: projects
-- All projects, or one, each with its scheme, its number of windows, and whether it has an index.
select o.id, o.name, o.embedding_scheme_id as scheme_id, s.name as scheme,
    (select count(*) from public.chunk_embeddings e
     where e.project_id = o.id and e.scheme_id = o.embedding_scheme_id and e.window_index >= 0) as windows,
    exists (
        select from pg_catalog.pg_index i
        where i.indexrelid = to_regclass(
                format('public.idx_hnsw_%%s_%%s', replace(o.id::text, '-', ''), o.embedding_scheme_id))
            and i.indisvalid) as indexed
from public.projects o left join public.embedding_schemes s on s.id = o.embedding_scheme_id
where %(only)s::uuid is null or o.id = %(only)s
order by o.name, o.id

-- name: unembedded_chunks
-- A batch of a project's chunks without a scheme's vectors, in the order of an index. Includes pages that are gone,
-- since they may come back.
select c.id, c.project_id, c.source_id, c.title, c.heading_path, c.content
from public.source_chunks c
where c.project_id = %(project_id)s and (c.source_id, c.id) > (%(after_source)s::uuid, %(after)s::uuid)
    and (select true from public.chunk_embeddings e join public.embedding_schemes s on s.id = e.scheme_id
         where e.chunk_id = c.id and s.name = %(scheme)s limit 1) is null
order by c.source_id, c.id
limit %(count)s

-- name: serve_scheme
-- Lets a project be searched by a scheme, but only if no chunk lacks its vectors.
update public.projects o
set embedding_scheme_id = s.id
from public.embedding_schemes s
where o.id = %(project_id)s and s.name = %(scheme)s and o.embedding_scheme_id is distinct from s.id
    and (select true from public.source_chunks c
         where c.project_id = %(project_id)s
             and (select true from public.chunk_embeddings e where e.chunk_id = c.id and e.scheme_id = s.id limit 1) is null
         limit 1) is null

-- name: is_served
-- Whether a project is searched by a scheme and no chunk lacks it: a worker with other settings may have added some.
select o.id
from public.projects o join public.embedding_schemes s on s.id = o.embedding_scheme_id
where o.id = %(project_id)s and s.name = %(scheme)s
    and (select true from public.source_chunks c
         where c.project_id = %(project_id)s
             and (select true from public.chunk_embeddings e where e.chunk_id = c.id and e.scheme_id = s.id limit 1) is null
         limit 1) is null

-- name: rename_scheme_of_pages
-- Marks pages whose chunks were embedded again as embedded by the scheme, so that they are not fetched again.
update public.pages p set embedding_scheme = %(scheme)s
where p.project_id = %(project_id)s and p.embedding_scheme <> %(scheme)s
    and (select true from public.source_chunks c
         where c.page_id = p.id
             and (select true from public.chunk_embeddings e join public.embedding_schemes s on s.id = e.scheme_id
                  where e.chunk_id = c.id and s.name = %(scheme)s limit 1) is null
         limit 1) is null

-- name: delete_other_schemes
-- Deletes a batch of vectors that the project is no longer searched by, but never a chunk's only vectors.
with serving as materialized (
    select o.embedding_scheme_id as id from public.projects o where o.id = %(project_id)s
)
delete from public.chunk_embeddings
where ctid = any (array(
    select e.ctid
    from public.chunk_embeddings e
    where e.project_id = %(project_id)s and e.window_index >= 0
        and e.scheme_id = any (array(
            select s.id from public.embedding_schemes s where s.id <> (select id from serving)))
        and (select true from public.chunk_embeddings f
             where f.chunk_id = e.chunk_id and f.scheme_id = (select id from serving) limit 1)
    limit %(count)s))

-- name: stale_indexes
-- A project's HNSW indexes, except the index of the scheme that it is searched by.
select i.relname
from pg_catalog.pg_class i join public.projects o on o.id = %(project_id)s
where i.relnamespace = 'public'::regnamespace and i.relkind = 'i'
    and i.relname like format('idx\_hnsw\_%%s\_%%%%', replace(o.id::text, '-', ''))
    and i.relname <> format('idx_hnsw_%%s_%%s', replace(o.id::text, '-', ''), o.embedding_scheme_id)

-- name: project_state
-- The scheme that a project is searched by (null before its first page), and whether it has any page; no row for an
-- unknown project. Without `coalesce`, and without statistics, the planner believes that pages which are not gone are
-- rare, and reads all pages to find one.
select s.name,
    coalesce((
        select true from public.pages g
        where g.project_id = %(project_id)s and coalesce(g.gone_at is null, true)
        order by g.project_id, g.source_id, g.id limit 1), false)
from public.projects o left join public.embedding_schemes s on s.id = o.embedding_scheme_id
where o.id = %(project_id)s

-- name: match_chunks
-- Hybrid search; see the comment of the function.
select chunk_id, page_id, source_id, url, title, heading_path, content, content_type, language, position, score,
    similarity, before, after, signals
from public.match_chunks(%(project_id)s, %(embedding)s::halfvec(384), %(text)s, %(count)s, %(source_ids)s::uuid[],
    %(content_types)s::text[], %(languages)s::text[], %(since)s::timestamptz, %(neighbours)s)

-- name: has_validators
-- Whether any page of an earlier run has usable validators. Asked once per run: if there is none, no page is looked
-- up. Reads the source's pages until it finds one.
select coalesce((
    select true from public.pages
    where source_id = %(source_id)s and crawl_id <> %(crawl_id)s and embedding_scheme = %(embedding_scheme)s
        and gone_at is null and links is not null and (etag is not null or last_modified is not null)
    order by source_id, url limit 1), false)

-- name: find_validators
-- The validators of a page, and its links, which are followed if it has not changed.
select id as page_id, etag, last_modified, embedding_scheme, fetched_at, links
from public.pages
where id = %(page_id)s and embedding_scheme = %(embedding_scheme)s
    and extraction = %(extraction)s and read_at > now() - make_interval(days => %(max_days)s)
    and gone_at is null and links is not null and (etag is not null or last_modified is not null)

-- name: note_unchanged
-- Notes that a page has not changed, unless another version is stored by now.
update public.pages
set crawl_id = %(crawl_id)s, fetched_at = %(fetched_at)s, gone_at = null
where id = %(page_id)s and embedding_scheme = %(embedding_scheme)s
    and etag is not distinct from %(etag)s and last_modified is not distinct from %(last_modified)s

-- name: blocklist_revision
-- A number that increases with every change of the rules.
select revision from public.blocklist_revision

-- name: blocklist_rules
-- A batch of all rules, or of one project's, in the order of their ids.
with own as materialized (
    select r.id, r.project_id, r.rule, r.created_at
    from public.blocklist_rules r
    where r.project_id = %(project_id)s::uuid
)
select r.id, r.project_id, p.name as project_name, r.rule, r.created_at
from (
    select * from own where %(after)s::uuid is null or id > %(after)s::uuid
    union all
    (select r.id, r.project_id, r.rule, r.created_at
     from public.blocklist_rules r
     where %(project_id)s::uuid is null and (%(after)s::uuid is null or r.id > %(after)s::uuid)
     order by r.id
     limit %(count)s)
) r left join public.projects p on p.id = r.project_id
order by r.id
limit %(count)s

-- name: has_project
-- One row if the project exists.
select from public.projects where id = %(project_id)s

-- name: add_blocklist_rules
-- A rule that exists is not added twice.
insert into public.blocklist_rules (project_id, rule)
select %(project_id)s::uuid, unnest(%(rules)s::text[])
on conflict do nothing

-- name: remove_blocklist_rules
-- From one project's list or, without a project, from the list for all. Two comparisons, so that each can use an index.
delete from public.blocklist_rules
where (project_id = %(project_id)s::uuid or %(project_id)s::uuid is null and project_id is null)
    and rule = any (%(rules)s)

-- name: sources_between
-- The lowest ids of sources in a range, of one project or of all: candidates for an abbreviated id.
select id from public.sources
where id between %(first)s::uuid and %(last)s::uuid and (%(only)s::uuid is null or project_id = %(only)s)
order by id
limit %(count)s

-- name: projects_between
-- The lowest ids of projects in a range: candidates for an abbreviated id.
select id from public.projects where id between %(first)s::uuid and %(last)s::uuid order by id limit %(count)s

-- name: ended_sources
-- The sources whose runs ended last, latest first, of one project or of all.
select s.id, s.project_id, p.name as project_name, s.crawl_id, s.kind, s.url, s.status, s.options, s.counts, s.error,
    s.started_at, s.finished_at
from public.sources s join public.projects p on p.id = s.project_id
where s.finished_at is not null and (%(only)s::uuid is null or s.project_id = %(only)s)
order by s.finished_at desc
limit %(count)s

-- name: best_windows
-- For each of some chunks, the window that is nearest to a question.
select distinct on (e.chunk_id) e.chunk_id, e.window_index
from public.chunk_embeddings e join public.embedding_schemes s on s.id = e.scheme_id
where e.chunk_id = any (%(ids)s::uuid[]) and s.name = %(scheme)s and e.window_index >= 0
order by e.chunk_id, e.embedding <=> %(embedding)s::halfvec
