          report() {
            open="$(gh issue list --state open --limit 500 --json title --jq '.[].title')"
            if ! grep --fixed-strings --line-regexp --quiet -- "$1" <<< "$open"; then
              gh issue create --title "$1" --body "$2"
            fi
          }
