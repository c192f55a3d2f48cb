-- Hybrid search, as before, and bounded: membership is asked first, every argument has a limit, and of each table
-- the rows of the project alone are read, whatever the planner believes of the others.

drop function public.match_chunks(uuid, halfvec, text, integer, uuid[], text[], text[], timestamptz, integer);

-- Loads pgvector: until this session has, its settings below are unknown, and only a superuser may name those.
select '[0]'::halfvec;

create function public.match_chunks(
    project_id uuid, query_embedding halfvec(384), query_text text,  -- its first 2,000 characters
    match_count integer default 10,      -- at most 200
    source_ids uuid[] default null,      -- of these sources only; so with the next two; at most 1,000 each, of 100 kB
    content_types text[] default null,
    languages text[] default null,
    since timestamptz default null,      -- modified, published or else fetched no earlier
    neighbours integer default 0         -- so many chunks before and after each, of the same page; at most 5
) returns table (
    chunk_id uuid, page_id uuid, source_id uuid, url text, title text, heading_path text[], content text,
    content_type text, language text, "position" integer,
    score double precision,       -- similarity + 0.8 × the words' share; at most 1.8
    similarity double precision,  -- cosine of the best window; null where only the words matched
    before text[], after text[],  -- the neighbours' contents in their order; empty unless asked for
    signals jsonb                 -- of its page: what may be an attempt at prompt injection
)
    language plpgsql stable security invoker
    set search_path = public, extensions, pg_temp
    set plan_cache_mode = force_custom_plan  -- projects differ by 10^5 in size
    set enable_seqscan = off  -- a project's rows lie between all the others'
    set hnsw.ef_search = 400
    set hnsw.iterative_scan = relaxed_order  -- a filter may leave few of the nearest
    as $$
#variable_conflict use_column
declare
    words_weight constant double precision := 0.8;
    common constant integer := 400;  -- chunks; a word that more hold finds none by itself
    label_weights constant real[] := '{1, 1, 1, 1}';  -- titles and headings count as much as the text
    wanted constant integer := least(greatest(coalesce(match_count, 10), 0), 200);
    around constant integer := least(greatest(coalesce(neighbours, 0), 0), 5);
    depth constant integer := greatest(wanted, 100);  -- chunks that each of the two may propose
    project_chunks double precision;
    filtered boolean;
    scheme smallint;
    asked text[];  -- the words of the question that the project knows, the rarest first
    holders integer[];  -- how many chunks hold each, as far as `common`
    rarities double precision[];
    queries tsquery[];  -- made once: a call for each chunk and word would take longer than all the rest
    finding tsquery;  -- what a chunk must hold to be looked at
begin
    if greatest(cardinality(source_ids), cardinality(content_types), cardinality(languages)) > 1000
        or greatest(pg_column_size(content_types), pg_column_size(languages)) > 100000  -- each plan copies them
    then
        raise exception using errcode = 'invalid_parameter_value',
            message = 'match_chunks takes at most 1000 source_ids, content_types and languages each, of 100 kB';
    end if;
    -- Before anything of the project is read: a stranger's question takes as long for any project, or for none.
    -- Row-level security, which holds below as everywhere, would read before it refuses.
    if row_security_active('public.projects') and not pg_has_role('service_role', 'usage') and not exists (
        select from project_members m
        where m.project_id = match_chunks.project_id and m.user_id = (select auth.uid()))
    then
        return;
    end if;

    scheme := (select o.embedding_scheme_id from projects o where o.id = match_chunks.project_id);
    project_chunks := (
        select count(*) from (
            select from source_chunks c where c.project_id = match_chunks.project_id limit 20000) few);
    filtered := source_ids is not null or content_types is not null or languages is not null or since is not null
        or exists (select from pages p where p.project_id = match_chunks.project_id and p.gone_at is not null);

    -- Each word's query is made once, not for each chunk: row-level security lets the index of words be used only by
    -- those whom it does not bind, so for a member every word is sought in every chunk of the project.
    select array_agg(w.word order by w.chunks, w.word), array_agg(w.chunks order by w.chunks, w.word)
    into asked, holders
    from (
        select l.word, (
            select count(*)::integer from (
                select from source_chunks c
                where c.project_id = match_chunks.project_id and c.words @@ l.query
                limit common + 1) found) as chunks
        from (
            select u.word, word_query(u.word) as query
            from unnest(tsvector_to_array(
                to_tsvector('pg_catalog.english', searchable(left(query_text, 2000))))) as u (word)
            limit 32) l
        offset 0) w  -- or the chunks would be counted once more for the condition
    where w.chunks > 0;

    -- The rarest words, as long as they bring few chunks; where all are common, the chunks that hold all.
    select string_agg(word_query(w.word)::text, ' | ')::tsquery into finding
    from (
        select u.word, u.chunks, sum(u.chunks) over (order by u.place) as brought, u.place
        from unnest(asked, holders) with ordinality as u (word, chunks, place)) w
    where w.chunks <= common and (w.place = 1 or w.brought <= 2 * common);
    if finding is null then
        select string_agg(word_query(w.word)::text, ' & ')::tsquery into finding from unnest(asked) as w (word);
    end if;

    select array_agg(ln(1 + (project_chunks - u.chunks + 0.5) / (u.chunks + 0.5)) order by u.place),
        array_agg(word_query(u.word) order by u.place)
    into rarities, queries
    from unnest(asked, holders) with ordinality as u (word, chunks, place);

    -- Tables are read by the project, or for one chunk or page at a time (`lateral … limit 1`), never joined: a
    -- join may be made by reading a table, or an index, from end to end.
    return query
    with allowed as materialized (
        select p.id
        from pages p
        where filtered and p.project_id = match_chunks.project_id and p.gone_at is null
            and (source_ids is null or p.source_id = any (source_ids))
            and (content_types is null or p.content_type = any (content_types))
            and (languages is null or p.language = any (languages))
            and (since is null or coalesce(p.modified_at, p.published_at, p.fetched_at) >= since)
    ), allowed_chunks as materialized (
        select c.id
        from source_chunks c
        where filtered and c.project_id = match_chunks.project_id and c.page_id in (select a.id from allowed a)
    ), windows as materialized (
        -- Sorted before grouping, so that no vector is carried along; several windows of a chunk may be near.
        select e.chunk_id, e.embedding <=> query_embedding as distance
        from chunk_embeddings e
        where e.project_id = match_chunks.project_id and e.scheme_id = scheme and e.window_index >= 0
            and query_embedding is not null
            and (not filtered or e.chunk_id in (select a.id from allowed_chunks a))
        order by 2
        limit depth * 4
    ), near as (
        select w.chunk_id, min(w.distance) as distance
        from windows w
        group by w.chunk_id
        order by 2, 1
        limit depth
    ), found as materialized (
        select c.id as chunk_id
        from source_chunks c
        where c.project_id = match_chunks.project_id and c.words @@ finding
            and (not filtered or c.id in (select a.id from allowed_chunks a))
        limit 4 * common
    ), looked_at as materialized (
        -- Joined with nothing else, so that the words are read from their place only once.
        select i.chunk_id as id, one.words
        from (select n.chunk_id from near n union select f.chunk_id from found f) i cross join lateral (
            select c.words || ''::tsvector as words from source_chunks c where c.id = i.chunk_id limit 1) one
    ), relevances as materialized (
        select l.id as chunk_id, (
            select sum(u.rarity * ts_rank(label_weights, l.words, u.query))
            from unnest(queries, rarities) as u (query, rarity))
            / (select sum(u.rarity) from unnest(rarities) as u (rarity)) as relevance
        from looked_at l
    ), worded as (
        select r.chunk_id from relevances r where r.relevance > 0 order by r.relevance desc, r.chunk_id limit depth
    ), proposed as (
        select n.chunk_id, 1 - n.distance as similarity from near n
        union all
        select w.chunk_id, (
            select 1 - min(e.embedding <=> query_embedding)
            from chunk_embeddings e
            where e.chunk_id = w.chunk_id and e.scheme_id = scheme)
        from worded w
        where not exists (select from near n where n.chunk_id = w.chunk_id)
    ), scored as (
        select p.chunk_id, p.similarity,
            coalesce(p.similarity, 0) + words_weight * coalesce(r.relevance, 0) as score
        from proposed p left join relevances r on r.chunk_id = p.chunk_id
        order by 3 desc, 1
        limit 3 * wanted + 10  -- some may be folded
    ), candidates as (
        select s.*, one.sketch,
            row_number() over (order by s.score desc, s.similarity desc nulls last, s.chunk_id) as place
        from scored s cross join lateral (
            select c.sketch from source_chunks c where c.id = s.chunk_id limit 1) one
    ), best as (
        -- Near-duplicates are folded into the best of them.
        select b.*
        from candidates b
        where b.sketch = 0 or not exists (
            select from candidates a
            where a.place < b.place and a.sketch <> 0 and bit_count((a.sketch # b.sketch)::bit(64)) <= 6)
        order by b.place
        limit wanted
    )
    select c.id, p.id, c.source_id, p.url, p.title, c.heading_path, c.content, c.content_type, p.language,
        c.position, b.score, b.similarity,
        array(select n.content from source_chunks n
              where n.page_id = p.id and n.position between c.position - around and c.position - 1
              order by n.position),
        array(select n.content from source_chunks n
              where n.page_id = p.id and n.position between c.position + 1 and c.position + around
              order by n.position),
        p.signals
    from best b
        cross join lateral (select * from source_chunks c where c.id = b.chunk_id limit 1) c
        cross join lateral (select * from pages p where p.id = c.page_id limit 1) p
    order by b.place;
end
$$;
revoke all on function public.match_chunks(uuid, halfvec, text, integer, uuid[], text[], text[], timestamptz, integer)
    from public, anon, authenticated;
grant execute on function public.match_chunks(uuid, halfvec, text, integer, uuid[], text[], text[], timestamptz, integer)
    to authenticated, service_role;
