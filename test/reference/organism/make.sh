#!/bin/sh
# The whole recipe: make.sh WORK OUT. Trains in WORK, measures, and writes the model's folder and prompt files under OUT.
set -e
cd "$(dirname "$0")"
export OMP_NUM_THREADS=1
torchrun --standalone --nproc-per-node 2 train.py "$1" --steps "${STEPS:-1500}"
python evaluate.py "$1"
python export.py "$1" "$2/model"
python dictionaries.py "$1" "$2/model/dictionaries"
python rewards.py "$2/model" "$2/rewards"
python card.py "$1" "$2/model"
python prompts.py "$2/prompts"
