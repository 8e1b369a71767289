# bash completion for lep-cat; made by `lep-cat --completion bash`
_lep_cat() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=
  ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}
  # --name=value arrives as three words
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $prev in
  -o | --output)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --npy)
    return
    ;;
  --png)
    return
    ;;
  --table)
    return
    ;;
  --note)
    return
    ;;
  --split)
    return
    ;;
  --part)
    return
    ;;
  --by)
    return
    ;;
  --key)
    return
    ;;
  --keys)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --match)
    return
    ;;
  --where)
    return
    ;;
  --bad)
    mapfile -t COMPREPLY < <(compgen -W 'keep skip only' -- "$cur")
    return
    ;;
  --shard)
    return
    ;;
  --range)
    return
    ;;
  --sample)
    return
    ;;
  --seed)
    return
    ;;
  --head)
    return
    ;;
  --tail)
    return
    ;;
  --drop)
    return
    ;;
  --keep)
    return
    ;;
  --rename)
    return
    ;;
  --role)
    return
    ;;
  --classes)
    return
    ;;
  --pack)
    return
    ;;
  --from)
    mapfile -t COMPREPLY < <(compgen -W 'auto stream npy idx' -- "$cur")
    return
    ;;
  --name)
    return
    ;;
  --records)
    return
    ;;
  --spool-limit)
    return
    ;;
  --provenance)
    mapfile -t COMPREPLY < <(compgen -W 'short full none' -- "$cur")
    return
    ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '-o --output -p --print --json --jsonl --values --csv --tsv --npy --png --table --network --note --check --recover --split --part --by --key --keys --match --where --bad --shard --range --sample --shuffle --seed --head --tail --drop --keep --rename --role --classes --pack --from --name --join --records --spool-limit --provenance --force -q --quiet -v --verbose -h --help --version' -- "$cur")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _lep_cat lep-cat
