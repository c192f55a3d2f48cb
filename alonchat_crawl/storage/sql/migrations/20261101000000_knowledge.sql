-- The knowledge of all projects, and who may see it.
-- Runs on a plain Postgres 15+ with pgvector and, unchanged, on Supabase, where the roles, the schema
-- `auth` and often the extension exist already and the role `postgres` is no superuser.

-- Roles ---------------------------------------------------------------------------------------------

do $$
declare
    wanted text;
begin
    foreach wanted in array array['anon', 'authenticated', 'service_role'] loop
        continue when exists (select from pg_roles where rolname = wanted);
        begin
            execute format('create role %I nologin', wanted);
        exception when duplicate_object or unique_violation then
            null;  -- roles belong to the whole cluster: another database was migrated at the same time
        end;
    end loop;
    begin
        if not (select rolbypassrls from pg_roles where rolname = 'service_role') then
            alter role service_role bypassrls;
        end if;
    exception when insufficient_privilege or internal_error then
        null;  -- not ours to give, or another database's migration just did; its policies below do as well
    end;
end $$;

-- Extension -----------------------------------------------------------------------------------------

do $$
begin
    if exists (select from pg_extension where extname = 'vector') then
        null;
    elsif to_regnamespace('extensions') is not null then  -- Supabase's place for them
        create extension vector with schema extensions;
    else
        create extension vector with schema public;
    end if;
end $$;

-- auth.uid() ----------------------------------------------------------------------------------------

do $$
begin
    if to_regnamespace('auth') is null then
        create schema auth;
        revoke all on schema auth from public;
        grant usage on schema auth to anon, authenticated, service_role;
    end if;
    if to_regprocedure('auth.uid()') is null then
        -- Claims that cannot be read are nobody's. An exception block needs a subtransaction, which
        -- Postgres before 17 forbids in parallel queries: hence not marked parallel safe.
        create function auth.uid() returns uuid
            language plpgsql stable security invoker set search_path = ''
            as $body$
            begin
                return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
            exception when others then
                return null;
            end
            $body$;
        revoke all on function auth.uid() from public;
        grant execute on function auth.uid() to anon, authenticated, service_role;
    end if;
end $$;

-- What is created from here on, and later by the same role, is nobody's by default ------------------
-- A later migration that creates an extension must grant its functions itself.

alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges in schema public revoke all on tables from public, anon, authenticated;
alter default privileges in schema public revoke all on sequences from public, anon, authenticated;
grant usage on schema public to authenticated, service_role;

-- Tables --------------------------------------------------------------------------------------------
-- Every row carries its project and its source, and a composite foreign key makes it its parent's.

create table if not exists public.schema_migrations (
    name text primary key,
    applied_at timestamptz not null default now()
);

create table public.projects (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    region text not null default '',
    created_at timestamptz not null default now()
);

create table public.project_members (
    project_id uuid not null references public.projects (id) on delete cascade,
    user_id uuid not null,
    role text not null default 'member' check (role in ('owner', 'admin', 'member')),
    created_at timestamptz not null default now(),
    primary key (project_id, user_id)
);
create index idx_project_members_user_id on public.project_members (user_id, project_id);

create table public.sources (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references public.projects (id) on delete cascade,
    kind text not null default 'website' check (kind in ('website', 'upload')),
    url text not null,
    status text not null default 'queued'
        check (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
    options jsonb not null default '{}',
    same_scope boolean not null default true,  -- whether the run before had the same options
    counts jsonb not null default '{}',
    error text not null default '',
    crawl_id uuid,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz
);
create unique index idx_sources_project_id on public.sources (project_id, id);
create index idx_sources_status on public.sources (status);

create table public.pages (
    id uuid primary key,
    project_id uuid not null,
    source_id uuid not null,
    url text not null,
    title text not null default '',
    language text not null default '',
    content_type text not null,
    low_quality boolean not null default false,
    removed jsonb not null default '{}',
    content_sha256 bytea not null,
    embedding_scheme text not null,
    etag text,
    last_modified text,
    crawl_id uuid not null,
    fetched_at timestamptz not null,
    gone_at timestamptz,
    unique (source_id, url),
    unique (project_id, source_id, id),
    foreign key (project_id, source_id) references public.sources (project_id, id) on delete cascade
);
create index idx_pages_gone on public.pages (project_id) where gone_at is not null;

-- array_to_string is only `stable` because of types whose output depends on settings; text has none.
-- `left` keeps a hostile heading from exceeding a tsvector's 1 MB.
create function public.chunk_words(heading_path text[], content text) returns tsvector
    language sql immutable parallel safe security invoker set search_path = pg_catalog
    return setweight(to_tsvector('pg_catalog.english', left(array_to_string(heading_path, ' '), 4000)), 'A')
        || setweight(to_tsvector('pg_catalog.english', left(content, 100000)), 'B');

create table public.source_chunks (
    id uuid primary key,
    project_id uuid not null,
    source_id uuid not null,
    page_id uuid not null,
    position integer not null check (position >= 0),
    content text not null,
    heading_path text[] not null default '{}',
    content_type text not null,
    token_count integer not null,
    words tsvector not null generated always as (public.chunk_words(heading_path, content)) stored,
    unique (project_id, source_id, id),
    foreign key (project_id, source_id, page_id)
        references public.pages (project_id, source_id, id) on delete cascade
);
create index idx_chunks_source_id on public.source_chunks (source_id);
create unique index idx_chunks_position on public.source_chunks (page_id, position);
-- Without fastupdate: a search right after a crawl would read the whole pending list.
create index idx_chunks_words on public.source_chunks using gin (words) with (fastupdate = off);

-- No HNSW index: it costs 150 times on insert and gains nothing below some 20,000 vectors a project.
create table public.chunk_embeddings (
    chunk_id uuid not null,
    project_id uuid not null,
    source_id uuid not null,
    window_index integer not null check (window_index >= 0),
    embedding halfvec(384) not null,
    primary key (chunk_id, window_index),
    foreign key (project_id, source_id, chunk_id)
        references public.source_chunks (project_id, source_id, id) on delete cascade
);
create index idx_embeddings_project_id on public.chunk_embeddings (project_id);

-- Who may see what ----------------------------------------------------------------------------------
-- Members read their projects; the service role does everything; anon, nothing. Only the service role
-- and the owner write.

do $$
declare
    name text;
begin
    foreach name in array array['schema_migrations', 'projects', 'project_members', 'sources', 'pages',
                                'source_chunks', 'chunk_embeddings'] loop
        execute format('alter table public.%I enable row level security', name);
        execute format('revoke all on public.%I from public, anon, authenticated', name);
        execute format('grant select, insert, update, delete on public.%I to service_role', name);
        execute format('create policy service_role_all on public.%I to service_role '
                       'using (true) with check (true)', name);
    end loop;
end $$;

grant select on public.projects, public.project_members, public.sources, public.pages,
    public.source_chunks, public.chunk_embeddings to authenticated;

-- A membership is read by its holder only: a policy that asked this table about itself would recurse.
create policy member_reads on public.project_members for select to authenticated
    using (user_id = (select auth.uid()));

create policy member_reads on public.projects for select to authenticated
    using (id in (select m.project_id from public.project_members m where m.user_id = (select auth.uid())));

do $$
declare
    name text;
begin
    foreach name in array array['sources', 'pages', 'source_chunks', 'chunk_embeddings'] loop
        execute format('create policy member_reads on public.%I for select to authenticated using (project_id in '
                       '(select m.project_id from public.project_members m where m.user_id = (select auth.uid())))',
                       name);
    end loop;
end $$;

revoke all on function public.chunk_words(text[], text) from public, anon, authenticated;
grant execute on function public.chunk_words(text[], text) to service_role;

-- Search --------------------------------------------------------------------------------------------
-- Hybrid: the nearest chunks (by each chunk's best window, exactly) and the chunks that hold all words,
-- joined by reciprocal rank (Cormack, Clarke and Buettcher 2009, k = 60).

create function public.match_chunks(
    project_id uuid, query_embedding halfvec(384), query_text text, match_count integer default 10
) returns table (
    chunk_id uuid, page_id uuid, source_id uuid, url text, title text, heading_path text[], content text,
    content_type text,
    score double precision,      -- sum of reciprocal ranks; at most 2/61
    similarity double precision  -- cosine of the best window; null where only the words matched
)
    language plpgsql stable security invoker
    set search_path = public, extensions, pg_temp
    set plan_cache_mode = force_custom_plan  -- projects differ by 10^5 in size
    as $$
#variable_conflict use_column
declare
    wanted integer := least(greatest(coalesce(match_count, 10), 0), 1000);
    depth integer := greatest(wanted, 50);  -- of each of the two rankings
    words_query tsquery := websearch_to_tsquery('pg_catalog.english', left(query_text, 10000));
begin
    if querytree(words_query) in ('', 'T') then
        words_query := null;  -- nothing, or only negations: these would match nearly all
    end if;
    return query
    with windows as (
        -- Sorted before grouping, so that no vector is carried along; a chunk has fewer than 20 windows.
        select e.chunk_id, e.embedding <=> query_embedding as distance
        from chunk_embeddings e
        where e.project_id = match_chunks.project_id and query_embedding is not null
            and not exists (
                select from source_chunks c join pages p on p.id = c.page_id
                where c.id = e.chunk_id and p.project_id = match_chunks.project_id and p.gone_at is not null)
        order by 2
        limit depth * 20
    ), near as (
        select w.chunk_id, min(w.distance) as distance
        from windows w
        group by w.chunk_id
        order by 2, 1
        limit depth
    ), worded as (
        select c.id as chunk_id, ts_rank_cd(c.words, words_query) as relevance
        from source_chunks c join pages p on p.id = c.page_id
        where c.project_id = match_chunks.project_id and c.words @@ words_query and p.gone_at is null
        order by 2 desc, 1
        limit depth
    ), ranked as (
        select n.chunk_id, n.distance,
            1.0::float8 / (60 + row_number() over (order by n.distance, n.chunk_id)) as points
        from near n
        union all
        select w.chunk_id, null,
            1.0::float8 / (60 + row_number() over (order by w.relevance desc, w.chunk_id))
        from worded w
    ), best as (
        select r.chunk_id, sum(r.points) as score, 1 - min(r.distance) as similarity
        from ranked r
        group by r.chunk_id
        order by 2 desc, 3 desc nulls last, 1
        limit wanted
    )
    select c.id, p.id, c.source_id, p.url, p.title, c.heading_path, c.content, c.content_type,
        b.score, b.similarity
    from best b join source_chunks c on c.id = b.chunk_id join pages p on p.id = c.page_id
    order by b.score desc, b.similarity desc nulls last, c.id;
end
$$;
revoke all on function public.match_chunks(uuid, halfvec, text, integer) from public, anon, authenticated;
grant execute on function public.match_chunks(uuid, halfvec, text, integer) to authenticated, service_role;
