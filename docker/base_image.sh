#!/usr/bin/env bash
# Make a base image from Debian's packages, for machines that reach no registry of images:
#   docker/base_image.sh NAME [ENGINE]
# It needs root, mmdebstrap, and docker, podman or buildah. The packages' signatures are checked.
set -euo pipefail

name=${1:?usage: docker/base_image.sh NAME [docker|podman|buildah]}
engine=${2:-$(for each in docker podman buildah; do "$each" version >/dev/null 2>&1 && echo "$each" && break; done)}
: "${engine:?docker, podman or buildah is needed}"
mirror=${MIRROR:-http://deb.debian.org/debian}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The names that the official image has: python, pip. dpkg's lists of files stay, for scanners.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} mmdebstrap --variant=minbase \
    --include=ca-certificates,python3,python3-pip,python3-venv \
    --customize-hook='ln -s ../../bin/python3 "$1/usr/local/bin/python"' \
    --customize-hook='rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/*' \
    bookworm "$folder/base.tar" "$mirror" "deb http://deb.debian.org/debian-security bookworm-security main"

path=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
case $engine in
    buildah)
        container=$(buildah from scratch)
        buildah add --quiet "$container" "$folder/base.tar" / >/dev/null
        buildah config --env PATH=$path --cmd python "$container"
        buildah commit --quiet --rm "$container" "$name" ;;
    *) "$engine" import --change "ENV PATH=$path" --change "CMD python" "$folder/base.tar" "$name" ;;
esac
