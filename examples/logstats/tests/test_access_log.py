from __future__ import annotations

import unittest

from access_log import AccessLog, Request


def log_of(*durations: tuple[str, int]) -> AccessLog:
    return AccessLog(
        Request(1_709_251_200 + second, "GET", path, 200, millis)
        for second, (path, millis) in enumerate(durations)
    )


class ParseTest(unittest.TestCase):
    def test_fields_are_read_and_noise_is_skipped(self) -> None:
        log = AccessLog.parse(["# web-1", "1709251200 GET /cart 200 48", "", "  "])
        self.assertEqual(log.requests, [Request(1_709_251_200, "GET", "/cart", 200, 48)])

    def test_a_line_with_a_missing_field_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            AccessLog.parse(["1709251200 GET /cart 200"])


class StatusTest(unittest.TestCase):
    def setUp(self) -> None:
        self.log = AccessLog.parse(f"17 GET /cart {status} 5" for status in (200, 503, 200, 404))

    def test_statuses_are_counted(self) -> None:
        self.assertEqual(self.log.status_counts(), {200: 2, 503: 1, 404: 1})

    def test_only_server_errors_count_for_the_error_rate(self) -> None:
        self.assertEqual(self.log.error_rate(), 0.25)
        self.assertEqual(AccessLog().error_rate(), 0.0)


class LatencyTest(unittest.TestCase):
    def test_an_empty_log_has_no_paths(self) -> None:
        self.assertEqual(AccessLog().latency_by_path(95), {})

    def test_one_request_is_every_percentile(self) -> None:
        for percent in (0, 1, 50, 100):
            self.assertEqual(log_of(("/", 12)).latency_by_path(percent), {"/": 12})

    def test_percentiles_are_nearest_ranks(self) -> None:
        log = log_of(*(("/search", millis) for millis in (50, 15, 40, 20, 35)))
        latencies = [log.latency_by_path(percent)["/search"] for percent in (0, 5, 30, 40, 50, 100)]
        self.assertEqual(latencies, [15, 15, 20, 20, 35, 50])

    def test_paths_are_kept_apart(self) -> None:
        log = log_of(("/cart", 30), ("/", 5), ("/cart", 90), ("/", 7), ("/cart", 60))
        self.assertEqual(log.latency_by_path(50), {"/cart": 60, "/": 5})

    def test_paths_come_in_the_order_of_their_first_request(self) -> None:
        log = log_of(("/search", 1), ("/", 2), ("/cart", 3), ("/", 4), ("/search", 5))
        self.assertEqual(list(log.latency_by_path(50)), ["/search", "/", "/cart"])

    def test_the_log_is_left_as_it_was(self) -> None:
        log = log_of(("/", 9), ("/", 3), ("/cart", 6))
        before = list(log.requests)
        log.latency_by_path(95)
        self.assertEqual(log.requests, before)

    def test_a_morning_of_traffic(self) -> None:
        # 25 items with 60 requests each; item N takes N ms more than 10, 20, ... 600 ms.
        log = log_of(
            *(
                (f"/item/{number % 25}", 10 + 10 * (number // 25 * 7 % 60) + number % 25)
                for number in range(1500)
            )
        )
        self.assertEqual(
            log.latency_by_path(95), {f"/item/{item}": 570 + item for item in range(25)}
        )


if __name__ == "__main__":
    unittest.main()
