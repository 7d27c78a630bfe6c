# A Keystone from Debian's package, as a cloud has it before Placement is installed. The page does not set it up.
set -euo pipefail
apt-get install --yes --no-install-recommends keystone
systemctl stop keystone
# As root, so that Python keeps what it compiles.
keystone-manage --version
sed -i 's/^processes = .*/processes = 1/; s/^threads = .*/threads = 1/' /etc/keystone/keystone-uwsgi.ini
sed -i 's#^\[database\]#&\nconnection = sqlite:////var/lib/keystone/keystone.db#' /etc/keystone/keystone.conf
# One request of Keystone reads on one connection and writes on another. SQLite locks it out unless the journal is written ahead.
runuser -u keystone -- python3 -c '
import sqlite3
sqlite3.connect("/var/lib/keystone/keystone.db").execute("pragma journal_mode = wal")'
runuser -u keystone -- keystone-manage db_sync
keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone
keystone-manage credential_setup --keystone-user keystone --keystone-group keystone
url=http://controller.example:5000/v3
runuser -u keystone -- keystone-manage bootstrap --bootstrap-password admin-password --bootstrap-region-id RegionOne \
  --bootstrap-admin-url "$url" --bootstrap-internal-url "$url" --bootstrap-public-url "$url"
systemctl start keystone
