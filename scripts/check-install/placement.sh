# The Placement of Debian's package with its database and endpoints, as a cloud has it before it is replaced. The page does not set
# it up. It has two providers and a rule of its own.
set -euo pipefail
. /root/admin-openrc
apt-get install --yes --no-install-recommends placement-api python3-psycopg2 postgresql
systemctl stop placement-api
# As root, so that Python keeps what it compiles.
placement-manage --version
runuser -u postgres -- psql -v ON_ERROR_STOP=1 -c "CREATE ROLE placement LOGIN PASSWORD 'old-password'" -c 'CREATE DATABASE placement OWNER placement'
openstack user create --domain default --password placement-password placement
openstack role add --user placement --project service admin
openstack service create --name placement placement
for interface in public internal admin; do
  openstack endpoint create --region RegionOne placement "$interface" http://controller.example:8778
done
cat >/etc/placement/placement.conf <<'EOF'
[DEFAULT]
log_dir = /var/log/placement

[api]
auth_strategy = keystone

[keystone_authtoken]
www_authenticate_uri = http://controller.example:5000
auth_url = http://controller.example:5000
memcached_servers = controller.example:11211
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = placement
password = placement-password

[oslo_policy]
policy_dirs = /etc/placement/policy.d

[placement_database]
connection = postgresql+psycopg2://placement:old-password@127.0.0.1:5432/placement
EOF
echo '"placement:traits:list": "role:admin"' >/etc/placement/policy.d/10_ours.yaml
sed -i 's/^processes = .*/processes = 1/; s/^threads = .*/threads = 4/' /etc/placement/placement-api-uwsgi.ini
runuser -u placement -- placement-manage db sync
systemctl start placement-api
for attempt in $(seq 100); do
  if curl -s http://controller.example:8778/; then break; fi
  sleep 0.2
done
openstack resource provider create compute-1
openstack resource provider create compute-2
