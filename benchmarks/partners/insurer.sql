create table policies (id serial primary key, number text unique, kind text, valid_from date, valid_to date);
create table policy_assets (policy_id int references policies (id), plate text, primary key (policy_id, plate));

insert into policies (number, kind, valid_from, valid_to)
  select 'GOODS_IN_TRANSIT' || i, 'GOODS_IN_TRANSIT', '2026-01-01', '2027-01-01' from generate_series(1, 5000) i;
insert into policy_assets
  select p.id, 'aa ' || lpad((1 + p.id * 19 % 100000)::text, 6, '0') || ' zz' from policies p where kind = 'GOODS_IN_TRANSIT';

insert into policies (number, kind, valid_from, valid_to)
  select 'THEFT' || i, 'THEFT', '2026-01-01', '2027-01-01' from generate_series(1, 50000) i;
insert into policy_assets
  select p.id, 'aa ' || lpad((1 + p.id * 19 % 100000)::text, 6, '0') || ' zz' from policies p where kind = 'THEFT';
create index on policy_assets (plate);
analyze;
