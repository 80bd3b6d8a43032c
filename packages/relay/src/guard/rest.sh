#!/bin/sh
# Brings the relay's pins to rest before Node could have started, where libgpiod's tools are installed (Debian's package
# gpiod, 1.6 or 2.x), and then runs the command given, which looks whether they are and does it itself where they are not.
# Arguments: labels of the chip, or its path or name, as |a|b|; -l for active low, else -; seconds from the sellers'
# contacts to the own ones; pins of the sellers, then of the own sources, each "27 22" or -; the command.
chips=$1 low=$2 pause=$3 sellers=$4 own=$5
shift 5
[ "$low" = -l ] || low=

find_chip() {
  case $chips in "|/"*) chip=${chips#|} && echo "${chip%|}" && return ;; esac
  gpiodetect | while read -r name label _; do
    label=${label#[} label=${label%]}
    case $chips in *"|$label|"* | *"|$name|"*) echo "$name" && break ;; esac
  done
}

# 1.6 sets and ends by itself, 2.x when it is told to toggle after no time. What the pins carry then is the kernel's choice.
off() {
  [ "$1" = - ] && return
  levels=
  for pin in $1; do levels="$levels $pin=0"; done
  # shellcheck disable=SC2086
  case $version in
    *v1.*) gpioset $low "$chip" $levels ;;
    *) gpioset $low -t0 -c "$chip" $levels ;;
  esac
}

# The pins show it: an own source stays open while a seller's contact may be closed. 1.6 cannot read a pin without making
# it an input; there the kernel's word for having set it must do.
are_off() {
  case $1,$version in -,* | *v1.*) return ;; esac
  # shellcheck disable=SC2086
  shown=$(gpioget $low --as-is --numeric -c "$chip" $1) || return
  case $shown in *1*) return 1 ;; esac
}

rest() { off "$sellers" && are_off "$sellers" && sleep "$pause" && off "$own"; }

if version=$(gpioset --version 2>/dev/null) && chip=$(find_chip 2>/dev/null) && [ -n "$chip" ]; then
  # A process that is being killed holds its pins some milliseconds longer.
  for _ in 1 2 3 4 5; do
    rest 2>/dev/null && echo "The relay's pins were set to rest by gpioset." && break
    sleep 0.02
  done
fi
exec "$@"
