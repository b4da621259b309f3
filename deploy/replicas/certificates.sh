#!/bin/sh
# Makes tls/: an authority, and a certificate for each node of NATS with the names it is reached by.
#   ./certificates.sh                                  for one machine, as compose.yaml is
#   ./certificates.sh nats-1=10.0.0.1 nats-2=10.0.0.2 nats-3=10.0.0.3    for machines with addresses or names
# What is there stays: only what is missing is made. Keep ca-key.pem elsewhere afterwards.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- nats-1 nats-2 nats-3
mkdir -p tls
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
if [ ! -e tls/ca.pem ]; then
	new_key tls/ca-key.pem
	openssl req -x509 -new -key tls/ca-key.pem -sha256 -days 3650 -subj "/CN=messenger-bridge journal" \
		-addext "keyUsage=critical,keyCertSign,cRLSign" -out tls/ca.pem
fi
for node in "$@"; do
	name=${node%%=*} host=${node#*=}
	[ -e "tls/$name/node.pem" ] && continue
	case $host in *[!0-9.]*) kind=DNS ;; *) kind=IP ;; esac
	mkdir -p "tls/$name"
	new_key "tls/$name/node-key.pem"
	printf 'subjectAltName=DNS:%s,%s:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$name" "$kind" "$host" > "tls/$name/extensions"
	openssl req -new -key "tls/$name/node-key.pem" -subj "/CN=$name" |
		openssl x509 -req -CA tls/ca.pem -CAkey tls/ca-key.pem -CAcreateserial -sha256 -days 825 -extfile "tls/$name/extensions" -out "tls/$name/node.pem" 2> /dev/null
	rm "tls/$name/extensions"
	cp tls/ca.pem "tls/$name/ca.pem"
done
