#!/bin/sh
# Makes the demonstration's MariaDB databases, and the account by which the gateway reads them and can do no more.
# Run once by the image's own start, or by hand: MARIADB_CLIENT is the command that takes statements.
set -eu

# The password is put into the statement as a text; these two signs would end or bend it.
case "${READER_PASSWORD:?}" in *[\'\\]*) echo "READER_PASSWORD may not hold ' or \\" >&2; exit 1 ;; esac

statements() {
    echo "create user 'reader'@'%' identified by '${READER_PASSWORD}';"
    for database in coop_library insurer_contracts broker_book; do
        echo "create database ${database} character set utf8mb4 collate utf8mb4_unicode_ci;"
        echo "grant select on ${database}.* to 'reader'@'%';"
    done
}

statements | MYSQL_PWD="${MARIADB_ROOT_PASSWORD:-${MYSQL_PWD:-}}" ${MARIADB_CLIENT:-mariadb -u root}
