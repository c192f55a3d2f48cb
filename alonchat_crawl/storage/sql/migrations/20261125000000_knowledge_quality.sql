-- What a page says of itself, chunks that are recognised by their text, vectors of more than one embedding.

-- Lets the text index hold the project beside the words; Postgres' own, and trusted: no superuser needed.
do $$
begin
    if exists (select from pg_extension where extname = 'btree_gin') then
        null;
    elsif to_regnamespace('extensions') is not null then  -- Supabase's place for them
        create extension btree_gin with schema extensions;
    else
        create extension btree_gin with schema public;
    end if;
end $$;

-- Pages -----------------------------------------------------------------------------------------------

alter table public.pages
    add column description text not null default '',
    add column published_at timestamptz,
    add column modified_at timestamptz,
    add column links text[];  -- what it links to, canonical; null where that was not kept

-- Embeddings ------------------------------------------------------------------------------------------
-- Vectors of two schemes must never be compared. A project is searched by one; those of the next are
-- gathered beside them until they are complete.

create table public.embedding_schemes (
    id smallint generated always as identity primary key,
    name text not null unique
);
insert into public.embedding_schemes (name) select distinct embedding_scheme from public.pages;

alter table public.projects
    add column embedding_scheme_id smallint references public.embedding_schemes (id);  -- what is searched by
update public.projects o
set embedding_scheme_id = (
    select s.id
    from public.pages p join public.embedding_schemes s on s.name = p.embedding_scheme
    where p.project_id = o.id
    group by s.id
    order by count(*) desc
    limit 1);

alter table public.chunk_embeddings add column scheme_id smallint;
update public.chunk_embeddings e
set scheme_id = s.id
from public.source_chunks c
    join public.pages p on p.id = c.page_id
    join public.embedding_schemes s on s.name = p.embedding_scheme
where c.id = e.chunk_id;
alter table public.chunk_embeddings
    alter column scheme_id set not null,
    drop constraint chunk_embeddings_pkey,
    add primary key (chunk_id, scheme_id, window_index);
drop index public.idx_embeddings_project_id;
create index idx_embeddings_project_id on public.chunk_embeddings (project_id, scheme_id);

alter table public.embedding_schemes enable row level security;
revoke all on public.embedding_schemes from public, anon, authenticated;
grant select, insert, update, delete on public.embedding_schemes to service_role;
create policy service_role_all on public.embedding_schemes to service_role using (true) with check (true);
grant select on public.embedding_schemes to authenticated;
create policy anyone_reads on public.embedding_schemes for select to authenticated using (true);

-- Chunks ----------------------------------------------------------------------------------------------

-- The words of a name are found one by one, as they are in prose: os.path.join, well-known. Links' targets
-- are not text. One `replace` a character is ten times as fast as one regular expression, or `translate`.
create function public.searchable(text text) returns text
    language sql immutable strict parallel safe security invoker set search_path = pg_catalog
    return replace(replace(replace(replace(replace(
        regexp_replace(text, '\]\([^()\s]*\)', ']', 'g'), '.', ' '), '/', ' '), ':', ' '), '-', ' '), '`', ' ');

-- `left` keeps a hostile text from exceeding a tsvector's 1 MB.
drop index public.idx_chunks_words;
alter table public.source_chunks
    drop column words;
drop function public.chunk_words(text[], text);
create function public.chunk_words(title text, heading_path text[], content text) returns tsvector
    language sql immutable parallel safe security invoker set search_path = pg_catalog
    return setweight(to_tsvector('pg_catalog.english', public.searchable(left(title, 1000))), 'A')
        || setweight(to_tsvector('pg_catalog.english',
                                 public.searchable(left(array_to_string(heading_path, ' '), 4000))), 'B')
        || to_tsvector('pg_catalog.english', public.searchable(left(content, 100000)));

alter table public.source_chunks
    add column title text not null default '',     -- its page's, which is searched and embedded with it
    add column start_char integer not null default 0,  -- its place in the page's text
    add column end_char integer not null default 0,
    add column text_sha256 bytea not null default '',  -- over all that is embedded: title, headings, content
    add column sketch bigint not null default 0;       -- 64 one-bit minhashes: near-duplicates differ in few
update public.source_chunks c set title = p.title from public.pages p where p.id = c.page_id;
alter table public.source_chunks
    add column words tsvector not null
        generated always as (public.chunk_words(title, heading_path, content)) stored,
    alter column words set storage external;  -- read at each search: decompressing takes longer than reading
drop index public.idx_chunks_position;
create index idx_chunks_position on public.source_chunks (page_id, position);  -- chunks move: not unique
create index idx_chunks_text on public.source_chunks (project_id, text_sha256);
-- Without fastupdate: a search right after a crawl would read the whole pending list.
create index idx_chunks_words on public.source_chunks using gin (project_id, words) with (fastupdate = off);

revoke all on function public.searchable(text) from public, anon, authenticated;
revoke all on function public.chunk_words(text, text[], text) from public, anon, authenticated;
grant execute on function public.searchable(text) to authenticated, service_role;
grant execute on function public.chunk_words(text, text[], text) to service_role;
