# Copies the versions of all models from MODELS_SOURCE to MODELS_TARGET: `once`, or `forever`, each
# SYNC_SECONDS. A version appears in the folder of its model by one rename, when it is complete.
set -eu
incoming=$MODELS_TARGET/.incoming # The model server looks at the folders of models only.

copy_version() { # MODEL/VERSION
    rclone copy "$MODELS_SOURCE/$1" "$incoming/$1"
    if (cd "$incoming/$1" && sha256sum -c assets.extra/SHA256SUMS) >/dev/null 2>&1; then
        mkdir -p "$MODELS_TARGET/${1%/*}"
        mv "$incoming/$1" "$MODELS_TARGET/$1"
        echo "copied $1"
    else
        echo "$1 is not complete in the bucket, or differs from its SHA256SUMS: not used" >&2
    fi
}

remove_version() { # MODEL/VERSION
    mkdir -p "$incoming/removed"
    mv "$MODELS_TARGET/$1" "$incoming/removed"
    rm -rf "$incoming/removed"
    echo "removed $1, which is no longer in the bucket"
}

sync_model() { # MODEL
    folders=$(rclone lsf --dirs-only "$MODELS_SOURCE/$1")
    versions=$(echo "$folders" | sed -n 's,^\([0-9][0-9]*\)/$,\1,p' | sort -n | tr '\n' ' ')
    for version in $versions; do
        [ -d "$MODELS_TARGET/$1/$version" ] || copy_version "$1/$version"
    done
    # An empty list is more likely a mistake than a wish to serve nothing.
    [ -n "$versions" ] || return 0
    for folder in "$MODELS_TARGET/$1"/*/; do
        version=$(basename "$folder")
        case " $versions" in
        *" $version "*) ;;
        *) [ ! -d "$folder" ] || remove_version "$1/$version" ;;
        esac
    done
}

case ${1:-} in
model)
    sync_model "$2"
    ;;
once)
    rm -rf "$incoming/removed"
    models=$(rclone lsf --dirs-only "$MODELS_SOURCE")
    for model in $models; do
        sh "$0" model "${model%/}" || echo "${model%/} was not copied" >&2
    done
    # The model server starts with what is there, and gets the rest later.
    ls -d "$MODELS_TARGET"/*/[0-9]* >/dev/null
    ;;
forever)
    trap 'exit 0' TERM # The first process of a container ignores signals that it does not handle.
    while true; do
        sh "$0" once || true # The error is in the log; what is there is served.
        mkdir -p "$incoming"
        touch "$incoming/alive" # For the probes.
        sleep "$SYNC_SECONDS" &
        wait $!
    done
    ;;
*)
    echo "usage: sync-models.sh once | forever | model NAME" >&2
    exit 2
    ;;
esac
