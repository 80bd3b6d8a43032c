/*
 * An Arduino Uno with the sensors of daisee-meter.ino, in simavr: runs the compiled sketch and writes what it sends on
 * its serial port to standard output. The chip is simulated; sensors and wires are numbers.
 *
 *   simulator sketch.elf SECONDS [AT:NAME=VALUE]...
 *
 * AT is in seconds of the board's time. Names: a0, a1 (millivolts at the pins), vcell (volts), soc (percent), gauge (1
 * there, 0 not there), d2 (level of the pin), supply (millivolts), reset (the button).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_twi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

static avr_t *avr;

/* The gauge: a register pointer and two registers of 16 bits, the high byte first. */
static struct {
  avr_irq_t *irq;
  int there, selected, addressed;
  unsigned char pointer;
  unsigned vcell, soc;
} gauge = {.there = 1};

static unsigned char gauge_byte(unsigned char address) {
  const unsigned word = (address & 0xfe) == 2 ? gauge.vcell : (address & 0xfe) == 4 ? gauge.soc : 0;
  return address & 1 ? word & 0xff : word >> 8;
}

static void on_twi(struct avr_irq_t *irq, uint32_t value, void *param) {
  (void)irq, (void)param;
  avr_twi_msg_irq_t v = {.u.v = value};
  if (v.u.twi.msg & TWI_COND_STOP) gauge.selected = 0;
  if (v.u.twi.msg & TWI_COND_START) {
    gauge.selected = 0;
    if (gauge.there && v.u.twi.addr >> 1 == 0x36) {
      gauge.selected = v.u.twi.addr;
      gauge.addressed = 0;
      avr_raise_irq(gauge.irq + TWI_IRQ_INPUT, avr_twi_irq_msg(TWI_COND_ACK, gauge.selected, 1));
    }
  }
  if (!gauge.selected) return;
  if (v.u.twi.msg & TWI_COND_WRITE) {
    avr_raise_irq(gauge.irq + TWI_IRQ_INPUT, avr_twi_irq_msg(TWI_COND_ACK, gauge.selected, 1));
    if (!gauge.addressed) gauge.pointer = v.u.twi.data;
    gauge.addressed = 1;
  }
  if (v.u.twi.msg & TWI_COND_READ)
    avr_raise_irq(gauge.irq + TWI_IRQ_INPUT,
                  avr_twi_irq_msg(TWI_COND_READ, gauge.selected, gauge_byte(gauge.pointer++)));
}

static FILE *lines;

static void on_uart(struct avr_irq_t *irq, uint32_t value, void *param) {
  (void)irq, (void)param;
  putc(value, lines);
}

/* Millivolts at A0 and A1. To these comes noise of 10 mV either way, as an ACS712 has it (the same in every run). */
static double pins[2];

/* simavr computes millivolts * 1023 / reference and cuts off; the converter rounds steps of reference / 1024. The
 * millivolts given to simavr are those at which it shows the step that the real one would. */
static void on_conversion(struct avr_irq_t *irq, uint32_t value, void *param) {
  (void)irq, (void)value, (void)param;
  static uint32_t random = 1;
  const double reference = avr->avcc;
  for (int pin = 0; pin < 2; pin++) {
    random = random * 1664525u + 1013904223u;
    const double noise = (random >> 8) / (double)(1u << 24) * 20 - 10;
    const double step = fmin(1023, fmax(0, round((pins[pin] + noise) * 1024 / reference)));
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0 + pin), ceil(step * reference / 1023));
  }
}

/* The level at pin D2, stronger than the pull-up inside. */
static int level = 1;

static void drive_d2(void) {
  avr_ioport_external_t external = {.name = 'D', .mask = 1 << 2, .value = level ? 1 << 2 : 0};
  avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('D'), &external);
  // simavr passes changes on only, and a reset forgets the level without being told of one.
  avr_irq_t *pin = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('D'), 2);
  avr_raise_irq(pin, !level);
  avr_raise_irq(pin, level);
}

static void set(const char *name, double value) {
  if (!strcmp(name, "a0")) pins[0] = value;
  else if (!strcmp(name, "a1")) pins[1] = value;
  else if (!strcmp(name, "vcell")) gauge.vcell = lround(value / 0.00125) << 4;
  else if (!strcmp(name, "soc")) gauge.soc = lround(value * 256);
  else if (!strcmp(name, "gauge")) gauge.there = value != 0;
  else if (!strcmp(name, "d2")) level = value != 0, drive_d2();
  else if (!strcmp(name, "supply")) avr->vcc = avr->avcc = lround(value);
  else if (!strcmp(name, "reset")) avr_reset(avr), drive_d2();
  else {
    fprintf(stderr, "simulator: no input called %s\n", name);
    exit(2);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: simulator sketch.elf SECONDS [AT:NAME=VALUE]...\n");
    return 2;
  }
  // simavr talks on standard output, which is for the lines.
  lines = fdopen(dup(1), "w");
  if (!lines || dup2(2, 1) < 0) return 2;

  elf_firmware_t firmware;
  memset(&firmware, 0, sizeof firmware);
  if (elf_read_firmware(argv[1], &firmware) != 0) return 2;
  avr = avr_make_mcu_by_name("atmega328p");
  if (!avr) return 2;
  avr_init(avr);
  avr->log = LOG_ERROR;
  avr->frequency = 16000000;
  avr_load_firmware(avr, &firmware);
  avr->vcc = avr->avcc = 5000;

  uint32_t flags = 0;
  avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
  flags &= ~AVR_UART_FLAG_STDIO;
  avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_uart, NULL);

  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER), on_conversion, NULL);

  static const char *names[] = {"daisee.gauge.in", "daisee.gauge.out"};
  gauge.irq = avr_alloc_irq(&avr->irq_pool, 0, 2, names);
  avr_irq_register_notify(gauge.irq + TWI_IRQ_OUTPUT, on_twi, NULL);
  avr_connect_irq(gauge.irq + TWI_IRQ_INPUT, avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_INPUT));
  avr_connect_irq(avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_OUTPUT), gauge.irq + TWI_IRQ_OUTPUT);

  drive_d2();
  const double end = atof(argv[2]);
  int next = 3;
  for (;;) {
    const double now = (double)avr->cycle / avr->frequency;
    char name[16];
    double at, value;
    while (next < argc) {
      if (sscanf(argv[next], "%lf:%15[a-z0-9]=%lf", &at, name, &value) != 3) {
        fprintf(stderr, "simulator: cannot read %s\n", argv[next]);
        return 2;
      }
      if (at > now) break;
      set(name, value);
      next++;
    }
    if (now >= end) break;
    const int state = avr_run(avr);
    if (state == cpu_Done || state == cpu_Crashed) return 1;
  }
  return fclose(lines) == 0 ? 0 : 1;
}
