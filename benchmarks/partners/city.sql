create table lieu (cd integer primary key, lb text, ville text);
create table cycle (
  cd integer primary key, ref text unique, plaque text unique, lb text, ty text, cd_lieu integer, km integer, lat real, lon real
);
with recursive n (i) as (select 1 union all select i + 1 from n where i < 100)
  insert into lieu select i, 'Lieu ' || i, case i % 4 when 0 then 'Nanterre' else 'Suresnes' end from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000)
  insert into cycle select i, 'C' || i, 'CC-' || printf('%06d', i) || '-ZZ', 'Vélo ' || i,
    case i % 3 when 0 then 'V' when 1 then 'E' else 'C' end, 1 + i % 100, i * 7919 % 90000,
    48 + (i * 7919 % 100003) / 100003.0, 2 + (i * 104729 % 100003) / 100003.0 from n;
create index cycle_ty on cycle (ty, cd);
create index cycle_lieu on cycle (cd_lieu);
analyze;
