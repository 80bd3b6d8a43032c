/*
 * A meter for one DC line: ACS712 current sensor, voltage divider and, if there is one, a MAX17043 fuel gauge, on an
 * Arduino Uno or Nano (ATmega328P, 5 V, 16 MHz). It prints a line a second on its USB port, 9600 baud, 8N1, ended by
 * CR LF:
 *
 *   WITH_GAUGE 1   cellVoltage|stateOfCharge|power   3.9800|87.50|12.34     volts, percent, watts
 *   WITH_GAUGE 0   power                             12.34                  watts
 *
 * Power is positive while current flows from IP+ to IP-. While the gauge does not answer, its two fields are empty:
 * ||12.34. Wiring: README.md beside this directory.
 *
 * Part of DAISEE. SPDX-License-Identifier: Apache-2.0
 */
#include <avr/eeprom.h>

// ---- What to set -----------------------------------------------------------------------------------------------

/* 1: with a MAX17043 on SDA (A4) and SCL (A5). 0: the power alone. */
#ifndef WITH_GAUGE
#define WITH_GAUGE 1
#endif

/* Volts an ampere of the ACS712 at a supply of 5 V: 0.185 for the 5 A type (05B), 0.100 for 20 A (20A), 0.066 for
 * 30 A (30A) (ACS712 data sheet, "Sens"). */
const float SENSITIVITY = 0.185;

/* How many times the voltage at A1 the line has: (R1 + R2) / R2. 30 kilo-ohms to the line and 7.5 kilo-ohms to
 * ground make 5, for lines up to 25 V. */
const float DIVIDER = 5.0;

/* The reference inside this very chip, in volts. 1.0 to 1.2 when it left the factory (ATmega328P data sheet, "Internal
 * voltage reference"), constant afterwards. Measure the line with a good voltmeter, compare with the voltage that this
 * sketch works with (power divided by the current), and multiply by measured / shown. */
const float BANDGAP = 1.1;

const uint8_t CURRENT_PIN = A0;
const uint8_t VOLTAGE_PIN = A1;

/* Tie this pin to ground, take every load off the line, then reset: the zero of the current is measured and kept. Then
 * take the wire off. It is not done at every start, because opening the USB port resets an Uno: a program that starts
 * again would call whatever flows at that moment nothing. */
const uint8_t CALIBRATE_PIN = 2;

// ---- The analogue side -----------------------------------------------------------------------------------------

const unsigned long LINE_PERIOD = 1000;      // ms
const float ADC_STEPS = 1024.0;
const float NOMINAL_SUPPLY = 5.0;            // V at which SENSITIVITY holds

/* The ACS712's output at no current, in 32nds of a step of the converter. It stands at half the supply, and so does
 * the converter's middle, whatever the supply is. */
const int16_t FRACTION = 32;
int16_t zero = 512 * FRACTION;

/* Where the measured zero is kept: the value and its complement, so that empty memory is not taken for one. */
int16_t *const KEPT_ZERO = (int16_t *)0;
int16_t *const KEPT_CHECK = (int16_t *)2;

/* A zero further than 0.25 V from the middle is no zero but a load, or a sensor that is not there. */
bool likely(int16_t value) {
  return value > (512 - 51) * FRACTION && value < (512 + 51) * FRACTION;
}

void calibrate() {
  int32_t sum = 0;
  const int16_t readings = 8192;             // about a second
  for (int16_t i = 0; i < readings; i++) sum += analogRead(CURRENT_PIN);
  const int16_t measured = sum / (readings / FRACTION);
  if (!likely(measured)) {
    Serial.println(F("zero not kept: current flows, or no sensor on A0"));
    return;
  }
  eeprom_update_word((uint16_t *)KEPT_ZERO, measured);
  eeprom_update_word((uint16_t *)KEPT_CHECK, ~measured);
  Serial.println(F("zero kept"));
}

void recallZero() {
  const int16_t kept = eeprom_read_word((uint16_t *)KEPT_ZERO);
  const int16_t check = eeprom_read_word((uint16_t *)KEPT_CHECK);
  if (kept == ~check && likely(kept)) zero = kept;
}

/* The supply, which is the converter's reference, seen from the inner one. The first readings after the change of
 * channel are not right yet ("ADC input channels" in the data sheet). */
float supplyVolts() {
  ADMUX = _BV(REFS0) | 0x0e;
  delay(2);
  uint16_t sum = 0;
  for (uint8_t i = 0; i < 10; i++) {
    ADCSRA |= _BV(ADSC);
    while (ADCSRA & _BV(ADSC)) {
    }
    if (i >= 2) sum += ADC;
  }
  return sum == 0 ? NOMINAL_SUPPLY : BANDGAP * ADC_STEPS * 8 / sum;
}

/* Mean power until millis() is `until`: the mean of the products, not the product of the means, so that it holds for a
 * load that is switched many times a second. About 4000 pairs a second. */
float measurePower(unsigned long until) {
  const float supply = supplyVolts();
  int64_t sum = 0;
  uint32_t count = 0;
  do {
    const int16_t current = analogRead(CURRENT_PIN);
    const int16_t voltage = analogRead(VOLTAGE_PIN);
    sum += (int32_t)((int32_t)current * FRACTION - zero) * voltage;
    count++;
  } while ((long)(until - millis()) > 0);
  // The ACS712's output follows the supply as the converter does, so its amperes do not depend on it; volts do.
  const float amperesPerStep = NOMINAL_SUPPLY / ADC_STEPS / SENSITIVITY / FRACTION;
  const float voltsPerStep = supply / ADC_STEPS * DIVIDER;
  return (float)sum / count * amperesPerStep * voltsPerStep;
}

// ---- The gauge -------------------------------------------------------------------------------------------------

#if WITH_GAUGE
#include <Wire.h>

const uint8_t GAUGE = 0x36;
const uint8_t VCELL = 0x02;                  // 12 bits, left-aligned, 1.25 mV each (MAX17043 data sheet, "VCELL")
const uint8_t SOC = 0x04;                    // percent in the high byte, 256ths in the low one ("SOC")

/* False when the gauge did not answer. */
bool readGauge(uint8_t address, uint16_t &value) {
  Wire.beginTransmission(GAUGE);
  Wire.write(address);
  if (Wire.endTransmission(false) != 0) return false;
  if (Wire.requestFrom(GAUGE, (uint8_t)2) != 2) return false;
  value = (uint16_t)Wire.read() << 8;
  value |= (uint8_t)Wire.read();
  return true;
}

void printGauge() {
  uint16_t cell, charge;
  const bool answered = readGauge(VCELL, cell) && readGauge(SOC, charge);
  if (answered) Serial.print((cell >> 4) * 0.00125, 4);
  Serial.print('|');
  if (answered) Serial.print(charge / 256.0, 2);
  Serial.print('|');
}
#endif

// ----------------------------------------------------------------------------------------------------------------

unsigned long nextLine;

void setup() {
  Serial.begin(9600);
  pinMode(CALIBRATE_PIN, INPUT_PULLUP);
#if WITH_GAUGE
  Wire.begin();
#ifdef WIRE_HAS_TIMEOUT
  Wire.setWireTimeout(25000, true);          // us: a stuck bus must not stop the power's readings
#endif
#endif
  delay(10);                                 // the pull-up and the ACS712's filter
  if (digitalRead(CALIBRATE_PIN) == LOW) calibrate();
  recallZero();
  nextLine = millis() + LINE_PERIOD;
}

void loop() {
  const float power = measurePower(nextLine);
  nextLine += LINE_PERIOD;
#if WITH_GAUGE
  printGauge();
#endif
  Serial.println(power, 2);
}
