-- What a member may cost, and what the clock may tell: nobody's question reads another project's rows.

-- Windows of a project ----------------------------------------------------------------------------------
-- The condition holds for every row. It keeps this index from foreign keys: without statistics the planner took
-- it to delete the windows of one chunk, and read all those of the project.

drop index public.idx_embeddings_project_id;
create index idx_embeddings_project_id on public.chunk_embeddings (project_id, scheme_id)
    where window_index >= 0;

-- Chunks of a page -----------------------------------------------------------------------------------------
-- With all columns of the foreign key. Without statistics an index of two of them was taken instead, and to erase
-- one page read all chunks of its source: to erase a source, all of them for each of its pages.

drop index public.idx_chunks_position;
create index idx_chunks_position on public.source_chunks (page_id, project_id, source_id, position);

-- Membership first --------------------------------------------------------------------------------------
-- An array is asked for once and sought in the index, so that rows of other projects are not even read. As a
-- subquery it was compared with each row that the rest of a question found: who asked for another's project
-- learnt from the time how large it is.

do $$
declare
    name text;
    own constant text := 'any (array(select m.project_id from public.project_members m '
                         'where m.user_id = (select auth.uid())))';
begin
    execute format('alter policy member_reads on public.projects using (id = %s)', own);
    foreach name in array array['sources', 'pages', 'source_chunks', 'blocklist_rules'] loop
        execute format('alter policy member_reads on public.%I using (project_id = %s)', name, own);
    end loop;
    execute format('alter policy member_reads on public.chunk_embeddings '
                   'using (project_id = %s and window_index >= 0)', own);
end $$;

-- Limits of members' statements ---------------------------------------------------------------------------
-- They hold for whoever logs in as `authenticated`; PostgREST sets them for each request that it makes as that
-- role. What an operator, or Supabase, has set stays.

do $$
declare
    wanted constant text[] := '{statement_timeout,8s,idle_in_transaction_session_timeout,60s,temp_file_limit,256MB}';
begin
    for n in 1 .. cardinality(wanted) by 2 loop
        continue when exists (
            select from pg_roles r cross join unnest(r.rolconfig) as c (setting)
            where r.rolname = 'authenticated' and split_part(c.setting, '=', 1) = wanted[n]);
        begin
            execute format('alter role authenticated set %s = %L', wanted[n], wanted[n + 1]);
        exception when insufficient_privilege or reserved_name or internal_error then
            null;  -- not ours to set, as a limit of temporary files is a superuser's; or another database's
                   -- migration just did all this
        end;
    end loop;
end $$;

-- Functions that members may call -------------------------------------------------------------------------
-- No text takes them longer than the longest that is stored. What is stored was cut so before.

create or replace function public.searchable(text text) returns text
    language sql immutable strict parallel safe security invoker set search_path = pg_catalog
    return replace(replace(replace(replace(replace(
        regexp_replace(left(text, 100000), '\]\([^()\s]*\)', ']', 'g'), '.', ' '), '/', ' '), ':', ' '), '-', ' '),
        '`', ' ');

-- The longest word of a tsvector has 2046 bytes.
create or replace function public.word_query(word text) returns tsquery
    language sql immutable strict parallel safe security invoker set search_path = pg_catalog
    return ('''' || replace(replace(left(word, 2046), '\', '\\'), '''', '''''') || '''')::tsquery;
