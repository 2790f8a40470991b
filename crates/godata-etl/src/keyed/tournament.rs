//! Finds the least of several rows again and again.

use std::cmp::Ordering;

use super::block::Prefix;

/// A tournament tree (Knuth, The Art of Computer Programming, volume 3, 5.4.1). Its players are the current rows of sorted inputs.
///
/// The first bytes of a key decide most games. For the others, the methods take a function that tells whether the row of one
/// input comes before that of another one.
#[derive(Debug)]
pub(super) struct Tournament {
    /// The winner, then the player that lost at each node.
    players: Vec<Player>,
}

#[derive(Clone, Copy, Debug)]
struct Player {
    prefix: Prefix,
    input: usize,
}

impl Player {
    /// Wins each game, so that the first player of each input meets only those that have played.
    const MISSING: Self = Self { prefix: 0, input: usize::MAX };

    fn is_missing(self) -> bool {
        self.input == Self::MISSING.input
    }
}

impl Tournament {
    pub(super) fn new(prefixes: &[Prefix], is_less: impl Fn(usize, usize) -> bool) -> Self {
        let mut tournament = Self { players: vec![Player::MISSING; prefixes.len()] };
        for (input, &prefix) in prefixes.iter().enumerate().rev() {
            tournament.play(Player { prefix, input }, &is_less);
        }
        tournament
    }

    /// The input with the least row; `None` without inputs.
    #[inline]
    pub(super) fn winner(&self) -> Option<usize> {
        self.players.first().map(|winner| winner.input)
    }

    /// Lets the winner's next row play. An input without a row has the greatest prefix.
    #[inline]
    pub(super) fn replace(&mut self, prefix: Prefix, is_less: impl Fn(usize, usize) -> bool) {
        if let Some(input) = self.winner() {
            self.play(Player { prefix, input }, is_less);
        }
    }

    /// Plays from the leaf of an input to the root.
    #[inline]
    fn play(&mut self, mut winner: Player, is_less: impl Fn(usize, usize) -> bool) {
        let mut node = (winner.input + self.players.len()) / 2;
        while node > 0 {
            let other = self.players[node];
            let loses = match other.prefix.cmp(&winner.prefix) {
                Ordering::Less => true,
                Ordering::Greater => false,
                Ordering::Equal => {
                    other.is_missing() || !winner.is_missing() && is_less(other.input, winner.input)
                }
            };
            if loses {
                self.players[node] = winner;
                winner = other;
            }
            node /= 2;
        }
        self.players[0] = winner;
    }
}
