# bash completion for lep-preprocess; made by `lep-preprocess --completion bash`
_lep_preprocess() {
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
  --image)
    return
    ;;
  --size)
    return
    ;;
  --fit)
    mapfile -t COMPREPLY < <(compgen -W 'stretch crop pad' -- "$cur")
    return
    ;;
  --background)
    return
    ;;
  --flip)
    mapfile -t COMPREPLY < <(compgen -W 'none horizontal vertical' -- "$cur")
    return
    ;;
  --scale)
    return
    ;;
  --dtype)
    mapfile -t COMPREPLY < <(compgen -W 'u8 f32' -- "$cur")
    return
    ;;
  --text)
    return
    ;;
  --target-text)
    return
    ;;
  --number)
    return
    ;;
  --category)
    return
    ;;
  --encode)
    mapfile -t COMPREPLY < <(compgen -W 'onehot ids' -- "$cur")
    return
    ;;
  --target-number)
    return
    ;;
  --target-scale)
    return
    ;;
  --missing)
    return
    ;;
  --label)
    return
    ;;
  --key)
    return
    ;;
  --format)
    mapfile -t COMPREPLY < <(compgen -W 'auto lines whole csv tsv jsonl' -- "$cur")
    return
    ;;
  --tokens)
    mapfile -t COMPREPLY < <(compgen -W 'bytes chars words bpe' -- "$cur")
    return
    ;;
  --case)
    mapfile -t COMPREPLY < <(compgen -W 'lower keep' -- "$cur")
    return
    ;;
  --invalid)
    mapfile -t COMPREPLY < <(compgen -W 'fail replace' -- "$cur")
    return
    ;;
  --truncate)
    return
    ;;
  --vocabulary)
    return
    ;;
  --min-count)
    return
    ;;
  --vocabulary-from)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --classes)
    return
    ;;
  --classes-from)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --unknown)
    mapfile -t COMPREPLY < <(compgen -W 'fail skip none' -- "$cur")
    return
    ;;
  --like)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --bad)
    mapfile -t COMPREPLY < <(compgen -W 'fail skip keep' -- "$cur")
    return
    ;;
  --pack)
    return
    ;;
  --files-from)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --manifest)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --columns)
    return
    ;;
  --labels)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
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
  -j | --threads)
    return
    ;;
  --provenance)
    mapfile -t COMPREPLY < <(compgen -W 'short full none' -- "$cur")
    return
    ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--image --gray --rgb --size --fit --background --flip --scale --dtype --text --target-text --number --category --encode --target-number --target-scale --missing --label --key --format --no-header --tokens --case --invalid --truncate --end --vocabulary --min-count --vocabulary-from --shared-vocabulary --classes --classes-from --unknown --no-labels --like --bad --pack --files-from -0 --null --manifest --columns --labels --spool-limit -o --output -j --threads --provenance --force -q --quiet -v --verbose -h --help --version' -- "$cur")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _lep_preprocess lep-preprocess
