# bash completion for lep-eval; made by `lep-eval --completion bash`
_lep_eval() {
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
  --require)
    return
    ;;
  --top)
    return
    ;;
  --target)
    return
    ;;
  --prediction)
    return
    ;;
  --reference)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --tokenize)
    mapfile -t COMPREPLY < <(compgen -W 'none 13a' -- "$cur")
    return
    ;;
  --resamples)
    return
    ;;
  --seed)
    return
    ;;
  --bad)
    mapfile -t COMPREPLY < <(compgen -W 'wrong skip' -- "$cur")
    return
    ;;
  -o | --output)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--require --json --top --confusion --per-class --target --prediction --reference --tokenize --resamples --seed --bad -o --output --force -q --quiet -v --verbose -h --help --version' -- "$cur")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _lep_eval lep-eval
