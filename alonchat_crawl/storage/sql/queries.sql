-- Every statement of the crawler, once. A block is `-- name:` and one comment; parameters are psycopg's.

-- name: add_project
-- A seed may name a project that the web app has not created yet.
insert into public.projects (id, name) values (%(project_id)s, %(name)s) on conflict do nothing

-- name: begin_source
-- Starts a run, once: workers that join it later, and another project's source, are left as they are.
insert into public.sources as s (id, project_id, kind, url, status, options, crawl_id, started_at)
values (%(source_id)s, %(project_id)s, 'website', %(url)s, 'running', %(options)s, %(crawl_id)s, now())
on conflict (id) do update
set url = excluded.url, status = 'running', options = excluded.options, crawl_id = excluded.crawl_id,
    same_scope = s.options - 'priority' = excluded.options - 'priority', counts = '{}', error = '',
    started_at = now(), finished_at = null
where s.project_id = excluded.project_id and s.crawl_id is distinct from excluded.crawl_id

-- name: project_of_source
-- Whose source it is.
select project_id from public.sources where id = %(source_id)s

-- name: finish_source
-- Ends a run unless a newer one began; then, if asked, marks the pages that the run did not see, provided
-- that it looked in the same places as the one before.
with finished as (
    update public.sources
    set status = %(status)s, counts = %(counts)s, error = %(error)s, finished_at = coalesce(finished_at, now())
    where id = %(source_id)s and crawl_id = %(crawl_id)s
    returning id, same_scope
), gone as (
    update public.pages p
    set gone_at = now()
    from finished f
    where f.same_scope and p.source_id = f.id and p.crawl_id <> %(crawl_id)s and p.gone_at is null and %(unreached_are_gone)s
    returning p.id
)
select count(*) from gone

-- name: set_source_status
-- An operator paused or resumed the run; one that has ended meanwhile, or given way to a newer one, is left alone.
update public.sources
set status = %(status)s
where id = %(source_id)s and crawl_id = %(crawl_id)s and finished_at is null

-- name: amend_source
-- The run goes on within other limits.
update public.sources
set options = %(options)s
where id = %(source_id)s and crawl_id = %(crawl_id)s and finished_at is null

-- name: reopen_source
-- The run that ended goes on: dead letters of it were queued again. It will end once more.
update public.sources
set status = 'running', error = '', finished_at = null
where id = %(source_id)s and crawl_id = %(crawl_id)s and finished_at is not null

-- name: source_record
-- What is written down of a source's last run.
select s.id, s.project_id, p.name as project_name, s.crawl_id, s.url, s.status, s.options, s.counts, s.error,
    s.started_at, s.finished_at
from public.sources s join public.projects p on p.id = s.project_id
where s.id = %(source_id)s

-- name: unfinished_sources
-- Web sites whose run has begun and not ended.
select s.id, s.project_id, p.name as project_name, s.crawl_id, s.url, s.status, s.options, s.counts, s.error,
    s.started_at, s.finished_at
from public.sources s join public.projects p on p.id = s.project_id
where s.status in ('running', 'paused') and s.kind = 'website'
order by s.started_at

-- name: mark_page_gone
-- The site says that the page is no more. Its chunks stay, unsearchable, in case it comes back.
update public.pages set gone_at = now() where id = %(page_id)s and gone_at is null

-- name: touch_page
-- The same text under the same embedding: only the visit is noted.
update public.pages
set crawl_id = %(crawl_id)s, fetched_at = %(fetched_at)s, etag = %(etag)s, last_modified = %(last_modified)s,
    gone_at = null
where id = %(page_id)s and content_sha256 = %(content_sha256)s and embedding_scheme = %(embedding_scheme)s

-- name: stored_by_crawl
-- Whether this run stored the page already.
select exists (select from public.pages where id = %(page_id)s and crawl_id = %(crawl_id)s)

-- name: upsert_page
-- Also locks the row until the commit, so that workers storing the same page take turns.
insert into public.pages (id, project_id, source_id, url, title, language, content_type, low_quality, removed,
    content_sha256, embedding_scheme, etag, last_modified, crawl_id, fetched_at)
values (%(page_id)s, %(project_id)s, %(source_id)s, %(url)s, %(title)s, %(language)s, %(content_type)s,
    %(low_quality)s, %(removed)s, %(content_sha256)s, %(embedding_scheme)s, %(etag)s, %(last_modified)s,
    %(crawl_id)s, %(fetched_at)s)
on conflict (id) do update
set project_id = excluded.project_id, title = excluded.title, language = excluded.language,
    content_type = excluded.content_type, low_quality = excluded.low_quality, removed = excluded.removed,
    content_sha256 = excluded.content_sha256, embedding_scheme = excluded.embedding_scheme,
    etag = excluded.etag, last_modified = excluded.last_modified, crawl_id = excluded.crawl_id,
    fetched_at = excluded.fetched_at, gone_at = null

-- name: delete_chunks
-- Makes room for the page's new chunks; their windows go with them.
delete from public.source_chunks where page_id = %(page_id)s

-- name: copy_chunks
-- Columns in the order that storage/pages.py writes.
copy public.source_chunks (id, project_id, source_id, page_id, position, content, heading_path, content_type,
    token_count) from stdin (format binary)

-- name: copy_embeddings
-- Columns in the order that storage/pages.py writes.
copy public.chunk_embeddings (chunk_id, project_id, source_id, window_index, embedding)
    from stdin (format binary)

-- name: project_state
-- Whether a project exists, and whether anything of it can be searched.
select exists (select from public.projects where id = %(project_id)s),
    exists (select from public.pages where project_id = %(project_id)s and gone_at is null)

-- name: match_chunks
-- Hybrid search; the function's own comment says how.
select chunk_id, page_id, source_id, url, title, heading_path, content, content_type, score, similarity
from public.match_chunks(%(project_id)s, %(embedding)s::halfvec(384), %(text)s, %(count)s)

-- name: has_visits
-- Whether any page of an earlier run can be asked for conditionally: where none can, no page is looked up.
select exists (
    select from public.pages
    where source_id = %(source_id)s and crawl_id <> %(crawl_id)s and embedding_scheme = %(embedding_scheme)s
        and gone_at is null and links is not null and (etag is not null or last_modified is not null))

-- name: find_visit
-- What a conditional request for the page needs, and what follows from it where the page has not changed.
select id as page_id, etag, last_modified, embedding_scheme, fetched_at, links
from public.pages
where id = %(page_id)s and embedding_scheme = %(embedding_scheme)s
    and gone_at is null and links is not null and (etag is not null or last_modified is not null)

-- name: touch_visit
-- The site says that the page is as it was: only the visit is noted, unless something else is stored by now.
update public.pages
set crawl_id = %(crawl_id)s, fetched_at = %(fetched_at)s, gone_at = null
where id = %(page_id)s and embedding_scheme = %(embedding_scheme)s
    and etag is not distinct from %(etag)s and last_modified is not distinct from %(last_modified)s
