# bash completion for lep-infer; made by `lep-infer --completion bash`
_lep_infer() {
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
  -m | --model)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --format)
    mapfile -t COMPREPLY < <(compgen -W 'lept tsv jsonl text' -- "$cur")
    return
    ;;
  --top)
    return
    ;;
  --threshold)
    return
    ;;
  --window)
    return
    ;;
  --layer)
    return
    ;;
  --prompt)
    return
    ;;
  --length)
    return
    ;;
  --context)
    return
    ;;
  --temperature)
    return
    ;;
  --top-k)
    return
    ;;
  --top-p)
    return
    ;;
  --seed)
    return
    ;;
  --stop)
    return
    ;;
  --beam)
    return
    ;;
  --length-penalty)
    return
    ;;
  --max-length)
    return
    ;;
  --bad)
    mapfile -t COMPREPLY < <(compgen -W 'fail skip keep' -- "$cur")
    return
    ;;
  -b | --batch)
    return
    ;;
  --latency)
    return
    ;;
  -o | --output)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  -j | --threads)
    return
    ;;
  --provenance)
    mapfile -t COMPREPLY < <(compgen -W 'short full none' -- "$cur")
    return
    ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '-m --model --format --top --threshold --window --layer --generate --prompt --echo --length --context --temperature --top-k --top-p --seed --stop --beam --length-penalty --max-length --outputs-only --any-recipe --bad -b --batch --latency -o --output -j --threads --provenance --force -q --quiet -v --verbose -h --help --version' -- "$cur")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _lep_infer lep-infer
