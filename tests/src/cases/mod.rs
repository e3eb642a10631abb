//! All cases, and in which worlds each of them runs. A case that isn't named here doesn't exist.

pub mod bad_fds;
pub mod capacity;
pub mod connecting;
pub mod datagram_options;
pub mod datagrams;
pub mod edges;
pub mod endings;
pub mod files;
pub mod grants;
pub mod halves;
pub mod items;
pub mod listeners;
pub mod options;
pub mod rearming;
pub mod registrations;
pub mod stdio;
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
                    accept_tells_the_peers_address_where_there_is_a_network_directory
                    bind_beyond_the_preopened_listens
                    a_listener_of_ones_own_that_was_dropped_can_be_bound_again
                }
                connecting {
                    a_connect_is_writable_when_it_is_connected
                    a_connect_returns_at_once_and_is_quiet_until_it_is_answered
                    a_refused_connect_is_connection_refused
                    a_program_connects_to_its_own_listener
                    writing_to_a_closed_peer_that_was_connected_to_is_broken_pipe
                }
                items {
                    every_item_of_a_poll_runs
                    every_item_of_a_stream_and_its_listener_runs
                    every_item_of_a_datagram_socket_runs
                }
                options {
                    nodelay_is_what_it_was_set_to
                    ttl_is_what_it_was_set_to
                }
                datagrams {
                    a_datagram_is_received_whole_with_its_senders_address
                    a_datagram_socket_is_writable_once_and_quiet_when_drained
                    a_connected_datagram_socket_has_one_peer
                    a_peeked_datagram_is_received_again
                    a_datagram_longer_than_the_buffer_loses_its_end
                    a_datagram_that_nobody_hears_is_connection_refused_for_a_connected_socket
                    a_datagram_socket_is_bound_where_it_says
                }
                datagram_options {
                    a_datagram_sockets_options_are_what_they_were_set_to
                    an_ipv6_datagram_socket_has_options_of_its_own
                    a_datagram_to_a_group_reaches_its_members
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
                    a_wake_reaches_its_own_poll_alone
                    a_loop_that_wakes_itself_in_each_turn_serves_its_sources
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
                    bind_outside_the_grants_is_permission_denied
                    connect_outside_the_grants_is_permission_denied_before_anything_is_sent
                    datagrams_outside_the_grants_are_permission_denied_before_any_is_sent
                    without_a_grant_what_needs_one_is_denied_and_names_the_flag
                }
                datagram_options {
                    joining_a_group_outside_the_grants_is_permission_denied
                }
            }
            natively {
                wakers {
                    a_wake_from_another_thread_ends_the_current_poll
                }
            }
            in_processes {
                stdio {
                    a_pipe_at_stdin_is_readable_when_it_has_bytes
                    a_pipe_at_stdout_is_writable_while_it_has_room
                    stderr_is_polled_as_stdout_is
                    a_file_at_stdin_or_stdout_is_always_ready
                    stdin_and_a_listener_are_polled_together
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

/// Makes a test of every case that runs in a guest, by the `run` of what is called `world` where it stands.
#[macro_export]
macro_rules! guest_tests {
    (
        everywhere { $($file:ident { $($case:ident)* })* }
        in_guests { $($guest_file:ident { $($guest_case:ident)* })* }
        natively { $($native:tt)* }
        in_processes { $($processes:tt)* }
    ) => {
        $($(
            #[test]
            fn $case() {
                world::run(stringify!($case), &$crate::cases::$file::$case());
            }
        )*)*
        $($(
            #[test]
            fn $guest_case() {
                world::run(
                    stringify!($guest_case),
                    &$crate::cases::$guest_file::$guest_case(),
                );
            }
        )*)*
    };
}
