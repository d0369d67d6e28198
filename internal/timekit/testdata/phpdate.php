<?php // Writes phpdate.txt: php phpdate.php > phpdate.txt
$letters = str_split('dDjlNSwzWFmMntLoYyaABgGhHisuveIOPpTZcrU');
foreach ([
    ['Europe/Berlin', '2026-03-29T00:59:59.999999'], ['Europe/Berlin', '2026-03-29T01:00:00.000001'],
    ['Europe/Berlin', '2026-10-25T00:30:00.5'], ['Europe/Berlin', '2026-10-25T01:30:00.25'],
    ['America/New_York', '2026-12-31T23:59:59'], ['America/New_York', '2027-01-01T05:00:00'],
    ['Asia/Kathmandu', '2028-02-29T00:00:00'], ['Australia/Lord_Howe', '2026-04-04T15:00:00'],
    ['America/Sao_Paulo', '2026-07-02T15:04:05'], ['Pacific/Kiritimati', '2026-12-31T10:00:00'],
    ['Africa/Casablanca', '2026-03-01T12:00:00'], ['UTC', '1970-01-01T00:00:00'], ['UTC', '2100-11-21T12:00:00'],
    ['UTC', '2026-01-23T11:59:59'], ['Asia/Tokyo', '2024-12-30T03:03:03.003'], ['Europe/London', '2199-12-22T00:00:00'],
] as [$zone, $utc]) {
    $at = (new DateTimeImmutable($utc, new DateTimeZone('UTC')))->setTimezone(new DateTimeZone($zone));
    foreach ($letters as $letter) {
        echo "$zone\t{$utc}Z\t$letter\t", $at->format($letter), "\n";
    }
}
