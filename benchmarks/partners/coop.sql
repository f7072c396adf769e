create function uuid_of(t varchar(40)) returns char(36) deterministic
  return concat_ws('-', left(md5(t), 8), mid(md5(t), 9, 4), mid(md5(t), 13, 4), mid(md5(t), 17, 4), right(md5(t), 12));
create table points (id int primary key, label varchar(80), city varchar(80));
create table staff (id char(36) primary key, full_name varchar(80), email varchar(80), job varchar(80));
create table equipment (
  id char(36) primary key, tag varchar(20) unique, plate varchar(20) unique, title varchar(80), category varchar(10),
  point_id int, custodian_id char(36), km int, available bool, lat double, lon double, updated datetime,
  key (category, id), key (point_id), key (custodian_id)
);
insert into points select seq, concat('Point ', seq), elt(1 + seq % 4, 'Lyon', 'Nanterre', 'Lille', 'Nantes')
  from seq_1_to_200;
insert into staff select uuid_of(concat('s', seq)), concat('Person ', seq), concat('p', seq, '@coop.example'),
  if(seq % 1000 = 0, 'chef', 'operator') from seq_1_to_10000;
insert into equipment select uuid_of(concat('e', seq)), concat('EQ', seq), concat('BB ', lpad(seq, 6, '0'), ' ZZ'),
  concat('Van ', seq), elt(1 + seq % 4, 'van', 'bike', 'tool', 'room'), 1 + seq % 200,
  uuid_of(concat('s', 1 + seq % 10000)), seq * 7919 % 90000, seq % 3 <> 0, 48 + seq * 7919 % 100003 / 100003.0, 2 + seq * 104729 % 100003 / 100003.0, now()
  from seq_1_to_100000;
analyze table equipment;
