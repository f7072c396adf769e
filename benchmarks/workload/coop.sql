create table points (id serial primary key, label text, city text);
create table staff (id uuid primary key, full_name text, email text, job text);
create table equipment (
  id uuid primary key, tag text unique, title text, category text, point_id int references points (id),
  custodian_id uuid references staff (id), available bool
);
insert into points (label, city)
  select 'Point ' || i, (array['Lyon', 'Villeurbanne', 'Bron'])[1 + i % 3] from generate_series(1, 50) i;
insert into staff (id, full_name, email, job)
  select md5('s' || i)::uuid, 'Person ' || i, 'p' || i || '@coop.example', 'operator'
  from generate_series(1, current_setting('bench.size')::int / 10) i;
insert into equipment (id, tag, title, category, point_id, custodian_id, available)
  select md5('e' || i)::uuid, 'EQ-' || i, 'Kangoo n°' || 2 * i || ' bis', (array['van', 'bike', 'tool', 'room'])[1 + i % 4],
    1 + i % 50, md5('s' || 1 + i % (current_setting('bench.size')::int / 10))::uuid, i % 3 <> 0
  from generate_series(1, current_setting('bench.size')::int / 2) i;
create index on equipment (category, id);
create index on equipment (title collate "C", id);
create index on equipment ((coalesce(title, id::text) collate "C"), id);
