# bash completion for lep-train; made by `lep-train --completion bash`
_lep_train() {
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
  -n | --network)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --layers)
    return
    ;;
  -e | --epochs)
    return
    ;;
  --steps)
    return
    ;;
  -b | --batch)
    return
    ;;
  --window)
    return
    ;;
  --seed)
    return
    ;;
  --target)
    return
    ;;
  --loss)
    mapfile -t COMPREPLY < <(compgen -W 'auto crossentropy binary_crossentropy mse mae huber' -- "$cur")
    return
    ;;
  --smoothing)
    return
    ;;
  --delta)
    return
    ;;
  --class-weight)
    return
    ;;
  --optimizer)
    return
    ;;
  --lr)
    return
    ;;
  --weight-decay)
    return
    ;;
  --schedule)
    return
    ;;
  --warmup)
    return
    ;;
  --clip)
    return
    ;;
  --average)
    return
    ;;
  --validation)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --patience)
    return
    ;;
  --keep)
    mapfile -t COMPREPLY < <(compgen -W 'last best' -- "$cur")
    return
    ;;
  --from)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --freeze)
    return
    ;;
  --bad)
    mapfile -t COMPREPLY < <(compgen -W 'fail skip keep' -- "$cur")
    return
    ;;
  --checkpoint)
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
    ;;
  --every)
    return
    ;;
  --log)
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
    mapfile -t COMPREPLY < <(compgen -W '-n --network --layers --list --print --summary -e --epochs --steps -b --batch --window --seed --target --loss --smoothing --delta --class-weight --optimizer --lr --weight-decay --schedule --warmup --clip --average --validation --patience --keep --from --freeze --bad --checkpoint --every --resume --log --spool-limit -o --output -j --threads --provenance --force -q --quiet -v --verbose -h --help --version' -- "$cur")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _lep_train lep-train
