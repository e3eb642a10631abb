//! All cases, and in which worlds each of them runs. A case that isn't named here doesn't exist.

pub mod bad_fds;
pub mod capacity;
pub mod edges;
pub mod endings;
pub mod files;
pub mod grants;
pub mod halves;
pub mod listeners;
pub mod rearming;
pub mod registrations;
pub mod streams;
pub mod timeouts;
pub mod wakers;

use crate::Case;

/// Hands the list of cases to a macro, grouped by their worlds and then by file.
#[macro_export]
macro_rules! for_each_case {
    ($callback:ident) => {
        $callback! {
            everywhere {
                timeouts {
                    a_timeout_with_nothing_registered_elapses_and_never_ends_early
                    a_timeout_beside_a_silent_source_elapses_and_reports_nothing
                    a_zero_timeout_returns_at_once_with_what_is_ready
                    a_huge_timeout_does_not_overflow
                }
                listeners {
                    a_pending_connection_makes_a_listener_readable
                    draining_accept_takes_every_pending_connection_and_ends_in_would_block
                    bind_to_port_zero_listens_and_local_addr_tells_the_real_port
                    bind_to_a_granted_address_listens
                    two_listeners_are_told_apart
                    accept_tells_the_peers_address_where_the_host_can
                }
                grants {
                    bind_to_an_address_already_claimed_is_addr_in_use
                }
                edges {
                    a_connected_stream_is_writable_once
                    a_drained_stream_is_quiet_until_new_bytes_come
                    a_source_registered_for_both_directions_gives_one_event_carrying_both
                    a_drained_source_registered_for_both_directions_does_not_wake_an_idle_loop
                    each_message_costs_at_most_one_event
                    a_source_that_is_ready_when_registered_reports_it
                    a_source_that_is_ready_when_reregistered_reports_it_again
                }
                rearming {
                    a_short_read_rearms_like_would_block
                    a_short_write_rearms_like_would_block
                    a_full_stream_is_writable_again_when_its_peer_has_read
                    bytes_that_come_between_two_reads_are_not_lost
                }
                registrations {
                    a_deregistered_source_stays_silent
                    a_dropped_source_stays_silent_though_its_fd_number_is_used_again
                    a_source_dropped_before_its_event_was_delivered_stays_silent
                    a_deregistered_source_can_be_registered_again
                    registering_twice_is_already_exists
                    what_is_not_registered_is_not_found
                    reregistering_changes_the_token_and_the_interest
                    any_token_comes_back_as_it_went_in
                    a_cloned_registry_registers_for_the_same_poll
                }
                capacity {
                    there_are_never_more_events_than_the_capacity_and_the_rest_come_next
                    over_many_polls_every_ready_source_is_served
                }
                endings {
                    a_peers_close_reads_zero_and_is_read_closed
                    a_reset_is_an_error_on_that_source_alone
                    writing_to_a_closed_peer_is_broken_pipe
                }
                bad_fds {
                    a_bad_fd_disturbs_no_other_source
                }
                wakers {
                    a_wake_makes_the_next_poll_return_its_token
                    wakes_before_one_poll_coalesce
                    a_wake_ends_a_poll_with_no_timeout_and_no_source
                    a_wake_and_a_ready_source_are_both_reported
                }
                streams {
                    vectored_reads_and_writes_keep_their_order
                    peeked_bytes_are_read_again
                }
                halves {
                    shutting_down_the_write_half_leaves_the_other_open
                    shutting_down_the_read_half_leaves_the_other_open
                    shutting_down_both_halves_ends_the_stream
                    a_peers_half_close_leaves_the_other_half_open
                }
                files {
                    a_preopened_directory_is_found_beside_a_listener
                }
            }
            in_guests {
                timeouts {
                    an_empty_set_with_no_timeout_is_invalid_input
                }
                grants {
                    bind_to_an_address_never_granted_is_permission_denied
                }
            }
            natively {
                wakers {
                    a_wake_from_another_thread_ends_the_current_poll
                }
            }
        }
    };
}

macro_rules! find {
    ($($world:ident { $($file:ident { $($case:ident)* })* })*) => {
        /// Makes the case of this name.
        pub fn by_name(name: &str) -> Option<Case> {
            match name {
                $($($(stringify!($case) => Some($file::$case()),)*)*)*
                _ => None,
            }
        }

        /// Every case's name.
        pub const NAMES: &[&str] = &[$($($(stringify!($case),)*)*)*];
    };
}

for_each_case!(find);
