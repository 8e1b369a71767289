# bash completion for lep-fuse; made by `lep-fuse --completion bash`
_lep_fuse() {
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
  --on)
    return
    ;;
  --prefix)
    return
    ;;
  --drop)
    return
    ;;
  --bad)
    mapfile -t COMPREPLY < <(compgen -W 'fail skip keep' -- "$cur")
    return
    ;;
  --pack)
    return
    ;;
  --records)
    return
    ;;
  --spool-limit)
    return
    ;;
  -o | --output)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --provenance)
    mapfile -t COMPREPLY < <(compgen -W 'short full none' -- "$cur")
    return
    ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--on --left --strict --sorted --paste --prefix --drop --bad --pack --records --spool-limit -o --output --provenance --force -q --quiet -v --verbose -h --help --version' -- "$cur")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _lep_fuse lep-fuse
